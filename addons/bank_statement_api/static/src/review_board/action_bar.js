import { Component } from "@odoo/owl";
import { ACTIONS } from "./actions";

/** The buttons of a line, each with its key. */
export class ActionBar extends Component {
    static template = "bank_statement_api.ReviewActionBar";
    static props = {
        isOpen: Boolean,
        isMatched: Boolean,
        isBusy: Boolean,
        mayAccept: Boolean,
        moneyIn: Boolean,
        onAct: Function,
    };

    get actions() {
        const makesSense = { open: this.props.isOpen, matched: this.props.isMatched, always: true };
        return ACTIONS.filter((action) => makesSense[action.when]);
    }

    isDisabled(action) {
        return this.props.isBusy || (action.name === "accept" && !this.props.mayAccept);
    }
}
