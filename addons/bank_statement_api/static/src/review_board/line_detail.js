import { Component } from "@odoo/owl";
import { Candidates } from "./candidates";
import { Entry } from "./entry";
import { MarkedText } from "./marked_text";
import { day, money } from "./money";

/** One line: the bank's words, the ranked candidates, and below the entry as it will be posted. */
export class LineDetail extends Component {
    static template = "bank_statement_api.ReviewLine";
    static components = { Candidates, Entry, MarkedText };
    static props = {
        line: Object,
        chosen: Number,
        viewers: Array,
        onChoose: Function,
        onOpenItem: Function,
        onBack: Function,
    };

    get candidate() {
        return this.props.line.candidates[this.props.chosen];
    }

    get entry() {
        const line = this.props.line;
        return line.open && this.candidate ? this.candidate.preview : line.entry;
    }

    spans(text) {
        return (this.candidate?.spans || []).filter((span) => span.field === text.field);
    }

    get isPartlyOpen() {
        const { rest, amount, open } = this.props.line;
        return open && rest !== "" && Number(rest) !== Number(amount);
    }

    money(text) {
        return money(text, this.props.line.currency_id);
    }

    day(text) {
        return day(text);
    }
}
