import { Component } from "@odoo/owl";
import { money } from "./money";

/** A journal entry: as it will be posted, or as it is. */
export class Entry extends Component {
    static template = "bank_statement_api.ReviewEntry";
    static props = { rows: Array, currencyId: Number };

    money(text) {
        return money(text, this.props.currencyId);
    }

    /** What the row is in its own currency, where that is another one than the company's. */
    foreign(row) {
        return row.currency_id === this.props.currencyId ? "" : money(row.amount_currency, row.currency_id);
    }
}
