import { Component } from "@odoo/owl";
import { ACTIONS } from "./actions";

/** The buttons of a line, each with its key. */
export class ActionBar extends Component {
    static template = "bank_statement_api.ReviewActionBar";
    static props = { isOpen: Boolean, isBusy: Boolean, mayAccept: Boolean, moneyIn: Boolean, onAct: Function };

    get actions() {
        const when = this.props.isOpen ? "open" : "closed";
        return ACTIONS.filter((action) => action.when === when || action.when === "always");
    }

    isDisabled(action) {
        return this.props.isBusy || (action.name === "accept" && !this.props.mayAccept);
    }
}
