import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { day, money } from "./money";

/** The ranked ways to settle a line: what each rests on, in words, and what it settles. */
export class Candidates extends Component {
    static template = "bank_statement_api.Candidates";
    static props = { candidates: Array, chosen: Number, onChoose: Function, onOpen: Function };

    scoreClass(score) {
        return score >= 85 ? "text-bg-success" : score >= 60 ? "text-bg-warning" : "text-bg-secondary";
    }

    scoreTitle(candidate) {
        const reasons = candidate.reasons.map((reason) => `${this.points(reason)} ${reason.text}`);
        return _t("%(score)s of 100 points: %(reasons)s", {
            score: candidate.score,
            reasons: reasons.join(" "),
        });
    }

    points(reason) {
        return reason.points > 0 ? `+${reason.points}` : String(reason.points);
    }

    money(item) {
        return money(item.open, item.currency_id);
    }

    day(text) {
        return day(text);
    }
}
