import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { segments } from "./segments";

const MEANINGS = {
    reference: _t("the reference that was issued"),
    number: _t("its number"),
    core: _t("a part of its number"),
    lookalike: _t("looks like its number"),
    cut: _t("its number, cut at the end"),
    closed: _t("a document that is not open"),
};

/** The bank's words, with the evidence of the chosen candidate marked in them. */
export class MarkedText extends Component {
    static template = "bank_statement_api.MarkedText";
    static props = { text: String, spans: Array };

    get parts() {
        return segments(this.props.text, this.props.spans);
    }

    meaning(part) {
        return MEANINGS[part.kind] || "";
    }
}
