import { Component } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { ACTIONS, BOARD_KEYS } from "../actions";

/** All keys of the board. */
export class HelpDialog extends Component {
    static template = "bank_statement_api.ReviewHelpDialog";
    static components = { Dialog };
    static props = { close: Function };

    get keys() {
        const number = { shown: "1 – 9", label: _t("Choose a candidate") };
        return [...ACTIONS.slice(0, 1), number, ...ACTIONS.slice(1), ...BOARD_KEYS];
    }
}
