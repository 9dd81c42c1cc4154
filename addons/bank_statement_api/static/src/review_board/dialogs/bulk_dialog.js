import { Component, onMounted, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { money } from "../money";

const CHUNK = 100;

/** Accept the first candidates of all lines of a filter: first the totals, then exactly what they counted. */
export class BulkDialog extends Component {
    static template = "bank_statement_api.BulkDialog";
    static components = { Dialog };
    static props = { api: Object, filters: Object, done: Function, close: Function };

    setup() {
        this.state = useState({ isLoading: true, groups: [], leftOut: [], most: 0, done: null });
        onMounted(() => this.load());
    }

    async load() {
        const { groups, left_out, most } = await this.props.api.bulk(this.props.filters);
        // A likeness is no evidence: it is accepted only by somebody who says so.
        this.state.groups = groups.map((group) => ({ ...group, isChosen: group.id !== "fuzzy" }));
        this.state.leftOut = left_out;
        this.state.most = most;
        this.state.isLoading = false;
    }

    get chosen() {
        return this.state.groups.filter((group) => group.isChosen);
    }

    get count() {
        return this.chosen.reduce((sum, group) => sum + group.count, 0);
    }

    get button() {
        return _t("Accept %s lines", this.count);
    }

    get progress() {
        return this.state.done === null ? 0 : Math.round((100 * this.state.done) / this.count);
    }

    money(text, currencyId) {
        return Number(text) ? money(text, currencyId) : "";
    }

    async accept() {
        if (this.state.done !== null || !this.count) {
            return;
        }
        const proposals = this.chosen.flatMap((group) => group.proposals);
        const accepted = [];
        const refused = [];
        let error = null;
        this.state.done = 0;
        try {
            for (let start = 0; start < proposals.length; start += CHUNK) {
                const some = proposals.slice(start, start + CHUNK);
                const result = await this.props.api.acceptMany(some);
                accepted.push(...result.accepted);
                refused.push(...result.refused);
                this.state.done += some.length;
            }
        } catch (caught) {
            // What was posted before is posted, and can be undone.
            error = caught;
        }
        this.props.close();
        this.props.done({ accepted, refused }, error);
    }
}
