import { Component, onWillStart, useExternalListener, useState } from "@odoo/owl";
import { useOpenRecords } from "@finance_connector_base/open_records";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { KeepLast } from "@web/core/utils/concurrency";
import { useChildRef, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { ActionBar } from "./action_bar";
import { useBoardKeys } from "./board_keys";
import { useDecisions } from "./decisions";
import { BulkDialog } from "./dialogs/bulk_dialog";
import { HelpDialog } from "./dialogs/help_dialog";
import { FilterBar } from "./filter_bar";
import { LineDetail } from "./line_detail";
import { LineList } from "./line_list";
import { LineStore } from "./line_store";
import { usePresence } from "./presence";
import { useReviewApi } from "./review_api";

const DETAIL_MS = 120;
const ROWS_MS = 60;
const CHANGES_MS = 300;
const PAGE = 10;
const FILTERS = {
    scope: "waiting",
    order: "oldest",
    journal: false,
    kind: false,
    direction: false,
    score: 0,
    text: "",
};

/** The lines that wait for a decision, and everything a person needs to decide on them. */
export class ReviewBoard extends Component {
    static template = "bank_statement_api.ReviewBoard";
    static components = { ActionBar, FilterBar, Layout, LineDetail, LineList };
    static props = { ...standardActionServiceProps };

    setup() {
        this.api = useReviewApi();
        this.action = useService("action");
        this.openRecords = useOpenRecords();
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.display = { controlPanel: {} };
        this.searchRef = useChildRef();
        this.store = useState(LineStore.make(this.api));
        const before = this.props.state || {};
        const { active_id: journalId, active_model: model } = this.props.action.context || {};
        const journal = model === "account.journal" && journalId ? journalId : false;
        this.state = useState({
            filters: before.filters || { ...FILTERS, journal },
            total: 0,
            kinds: [],
            journals: [],
            may: {},
            selectedId: before.selectedId || null,
            line: null,
            chosen: 0,
            // On a narrow screen one of the two is shown.
            pane: "list",
            // Others changed what no row here shows.
            isStale: false,
        });
        this.lastBoard = new KeepLast();
        this.lastLine = new KeepLast();
        this.changed = new Set();
        this.wanted = [];
        this.loadLineSoon = useDebounced(() => this.loadLine(), DETAIL_MS);
        this.wantSoon = useDebounced(() => this.store.want(this.wanted), ROWS_MS);
        this.lookAtChangesSoon = useDebounced(() => this.lookAtChanges(), CHANGES_MS);
        this.presence = usePresence({ api: this.api, onChanged: (news) => this.onChanged(news) });
        this.decisions = useDecisions(this);
        useBoardKeys(this);
        useSetupAction({
            getLocalState: () => ({ filters: { ...this.state.filters }, selectedId: this.state.selectedId }),
        });
        useExternalListener(document, "visibilitychange", () => {
            // Back from elsewhere: what others did meanwhile may have been missed.
            if (!document.hidden && this.state.line) {
                this.loadLine();
            }
        });
        this.onWindow = this.onWindow.bind(this);
        this.select = this.select.bind(this);
        onWillStart(() => this.load());
    }

    // === LOADING === //

    async load() {
        const board = await this.lastBoard.add(this.api.board({ ...this.state.filters }));
        const { ids, rows, ...figures } = board;
        const placeBefore = this.store.ids.indexOf(this.state.selectedId);
        this.store.replace(ids, rows);
        Object.assign(this.state, figures, { isStale: false });
        const isStill = ids.includes(this.state.selectedId);
        const next = isStill ? this.state.selectedId : ids[Math.max(0, Math.min(placeBefore, ids.length - 1))];
        this.state.selectedId = next || null;
        await this.loadLine();
    }

    async loadLine() {
        const id = this.state.selectedId;
        if (!id) {
            this.state.line = null;
            return;
        }
        const line = await this.lastLine.add(this.api.line(id));
        if (id !== this.state.selectedId) {
            return;
        }
        if (!line.id) {
            this.drop([id]);
            return;
        }
        const before = this.state.line;
        this.state.line = line;
        // The same candidate stays chosen when the line is only looked at again.
        const chosen = before?.id === id ? before.candidates[this.state.chosen]?.id : null;
        this.state.chosen = Math.max(0, line.candidates.findIndex((one) => one.id === chosen));
        this.presence.tell(id);
    }

    onWindow(ids) {
        this.wanted = ids;
        if (ids.some((id) => !this.store.rows.has(id))) {
            this.wantSoon();
        }
    }

    async filter(changes) {
        Object.assign(this.state.filters, changes);
        this.state.selectedId = null;
        await this.load();
    }

    // === SELECTION === //

    /** The line that is wholly loaded and selected: only on such a one is decided. */
    get line() {
        const { line, selectedId } = this.state;
        return line && line.id === selectedId ? line : null;
    }

    get candidate() {
        return this.line?.candidates[this.state.chosen] || null;
    }

    get mayAccept() {
        return Boolean(this.line?.open && this.candidate && !this.candidate.blocked);
    }

    get isMoneyIn() {
        return Number(this.state.line.amount) > 0;
    }

    get viewersHere() {
        return this.presence.viewers[this.state.selectedId] || [];
    }

    select(id) {
        this.state.pane = "line";
        this.moveTo(id);
    }

    moveTo(id) {
        if (id && id !== this.state.selectedId) {
            this.state.selectedId = id;
            this.state.chosen = 0;
            this.loadLineSoon();
        }
    }

    step(count) {
        const ids = this.store.ids;
        const place = ids.indexOf(this.state.selectedId);
        this.moveTo(ids[Math.max(0, Math.min(ids.length - 1, place + count))]);
    }

    choose(place) {
        const last = (this.line?.candidates.length || 0) - 1;
        if (place >= 0 && place <= last) {
            this.state.chosen = place;
        }
    }

    /** Take lines off the list that are not of it any more; the next one in order is selected. */
    drop(ids) {
        const gone = new Set(ids);
        const before = this.store.ids;
        const place = before.indexOf(this.state.selectedId);
        for (const id of gone) {
            this.discount(this.store.rows.get(id));
        }
        this.store.remove(ids);
        this.state.total -= before.length - this.store.ids.length;
        if (gone.has(this.state.selectedId)) {
            const left = before.slice(place).find((id) => !gone.has(id)) || this.store.ids.at(-1);
            this.state.selectedId = null;
            if (left) {
                // The line that is gone stays in sight, without effect, until the next one is there.
                this.moveTo(left);
            } else {
                this.state.line = null;
                this.presence.tell(null);
                this.state.pane = "list";
            }
        }
    }

    discount(row) {
        for (const [figures, id] of [
            [this.state.kinds, row?.kind_id],
            [this.state.journals, row?.journal_id],
        ]) {
            const figure = figures.find((one) => one.id === id);
            if (figure) {
                figure.count--;
            }
        }
    }

    /** Whether a row is still one of the list's; what a person postpones or ignores leaves it as well. */
    isStill(row) {
        return row.scope === this.state.filters.scope || (this.state.filters.scope === "asked" && row.scope === "waiting");
    }

    /** Ask anew for lines on which somebody decided. */
    async refresh(ids) {
        const shown = ids.filter((id) => this.store.ids.includes(id));
        const found = await this.api.rows(shown);
        const still = found.filter((row) => this.isStill(row));
        const gone = shown.filter((id) => !still.some((row) => row.id === id));
        this.drop(gone);
        this.store.set(still);
        if (still.some((row) => row.id === this.state.selectedId)) {
            await this.loadLine();
        }
    }

    // === WHAT OTHERS DO === //

    onChanged({ user: userId, name, ids }) {
        if (!ids.length) {
            this.state.isStale = true;
            return;
        }
        const news = ids.filter((id) => !this.decisions.isOwn(id));
        if (!news.length) {
            return;
        }
        news.forEach((id) => this.changed.add(id));
        if (userId !== user.userId && news.includes(this.state.selectedId)) {
            this.notification.add(_t("%s worked on this line just now.", name), { type: "info" });
        }
        this.lookAtChangesSoon();
    }

    async lookAtChanges() {
        const ids = [...this.changed];
        this.changed.clear();
        const shown = ids.filter((id) => this.store.ids.includes(id));
        if (shown.length < ids.length) {
            this.state.isStale = true;
        }
        if (shown.length) {
            await this.refresh(shown);
        }
    }

    // === DOING === //

    /** @param {string} name of an action of `actions.js` */
    act(name, ...args) {
        return this[name] ? this[name](...args) : this.decisions[name](...args);
    }

    next() {
        this.step(1);
    }

    previous() {
        this.step(-1);
    }

    pageDown() {
        this.step(PAGE);
    }

    pageUp() {
        this.step(-PAGE);
    }

    first() {
        this.step(-this.store.ids.length);
    }

    last() {
        this.step(this.store.ids.length);
    }

    nextCandidate() {
        this.choose(this.state.chosen + 1);
    }

    previousCandidate() {
        this.choose(this.state.chosen - 1);
    }

    find() {
        this.searchRef.el?.focus();
        this.searchRef.el?.select();
    }

    reload() {
        return this.load();
    }

    help() {
        this.dialog.add(HelpDialog, {});
    }

    back() {
        this.state.pane = "list";
    }

    bulk() {
        this.dialog.add(BulkDialog, {
            api: this.api,
            filters: { ...this.state.filters },
            done: (result, error) => this.decisions.afterBulk(result, error),
        });
    }

    open() {
        if (this.line) {
            this.action.doAction("bank_statement_api.account_bank_statement_line_action", {
                viewType: "form",
                props: { resId: this.line.id },
            });
        }
    }

    openItem(item) {
        return this.openRecords(item.document, "account.move", [], { resId: item.move_id });
    }

    clearFilters() {
        return this.filter({ ...FILTERS });
    }

    get isFiltered() {
        const { scope, journal, kind, direction, score, text } = this.state.filters;
        return scope !== "waiting" || Boolean(journal || kind || direction || score || text);
    }
}

registry.category("actions").add("bank_statement_api.review_board", ReviewBoard);
