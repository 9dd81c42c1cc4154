import { Component, onWillStart, useState } from "@odoo/owl";
import { useOpenRecords } from "@finance_connector_base/open_records";
import { deserializeDate, formatDate, serializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { formatFloat } from "@web/views/fields/formatters";
import { Ladder } from "./ladder";

const { DateTime } = luxon;

/** By the letter of the server: never told by colour alone. */
const MARKS = {
    c: { name: "complete", sign: "✓", label: _t("complete") },
    m: { name: "missing", sign: "✗", label: _t("missing") },
    b: { name: "broken", sign: "!", label: _t("broken") },
    "-": { name: "none", sign: "·", label: _t("not expected") },
};
const STATES = {
    fresh: { sign: "✓", label: _t("Up to date"), className: "o_cash_good" },
    stale: { sign: "◷", label: _t("Too old"), className: "o_cash_late" },
    missing: { sign: "✗", label: _t("No balance"), className: "o_cash_bad" },
    broken: { sign: "!", label: _t("Not proven"), className: "o_cash_bad" },
    not_expected: { sign: "·", label: _t("Not expected"), className: "o_cash_quiet" },
};
const FINDINGS = {
    position_missing: _t("no balance is known"),
    position_stale: _t("the balance is too old"),
    position_broken: _t("statements are missing or do not add up"),
    position_unmapped: _t("the group has no code for this entity"),
    position_rate_missing: _t("no exchange rate is known; its balances are left out"),
    position_rate_old: _t("the exchange rate is too old"),
    position_unexplained: _t("bank and ledger differ by an amount that nothing explains"),
    position_transfer_late: _t("a transfer within the group has not arrived for long"),
};
const PARTS = [
    ["in_transit", _t("In transit: paid by the books, not booked by the bank yet")],
    ["unreconciled", _t("Unreconciled: booked by the bank, nobody said what it is")],
    ["before_first", _t("Before the first statement, and not in the ledger")],
    ["timing", _t("Booked on another day than the bank did")],
    ["unexplained", _t("Unexplained")],
];
/** Kinds of balances by their codes of ISO 20022. */
const BALANCES = {
    CLBD: _t("Closing booked"),
    ITBD: _t("Interim booked"),
    CLAV: _t("Closing available"),
    ITAV: _t("Interim available"),
    FWAV: _t("Forward available"),
    XPCD: _t("Expected"),
};
const VIEWS = [
    { key: "by_entity", label: _t("By entity"), of: "entity" },
    { key: "by_bank", label: _t("By bank"), of: "bank" },
    { key: "by_currency", label: _t("By currency"), of: "currency" },
];

/** Of a list that may be long, shown at first: the largest sums, and a page of accounts. */
const BARS = 8;
const PAGE = 50;

/** The morning screen of a treasurer: what is there, what is coming, and whether the picture is complete. */
export class CashPosition extends Component {
    static template = "treasury_sync.CashPosition";
    static components = { Layout, Ladder };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.show = useOpenRecords();
        this.display = { controlPanel: {} };
        this.views = VIEWS;
        this.state = useState({
            group: "",
            date: serializeDate(DateTime.now()),
            knownAt: "",
            position: null,
            groups: [],
            filter: null,
            search: "",
            shown: PAGE,
            expanded: {},
            opened: null,
        });
        onWillStart(async () => {
            [this.isViewer, this.isOperator, this.mayConnect] = await Promise.all([
                user.hasGroup("finance_connector_base.group_finance_viewer"),
                user.hasGroup("finance_connector_base.group_finance_operator"),
                user.hasGroup("finance_connector_base.group_finance_manager"),
            ]);
            this.state.groups = await this.orm.call("cash.position", "list_groups", []);
            if (this.state.groups.length) {
                this.state.group = this.state.groups[0].group;
            }
            await this.load();
        });
    }

    async load() {
        this.state.filter = this.state.opened = null;
        this.state.shown = PAGE;
        if (!this.state.group && !this.isViewer) {
            this.state.position = null;
            return;
        }
        const knownAt = this.state.knownAt
            ? DateTime.fromISO(this.state.knownAt).toUTC().toFormat("yyyy-MM-dd'T'HH:mm:ss'Z'")
            : null;
        this.state.position = await this.orm.call("cash.position", "get_position", [
            this.state.group || null,
            this.state.date || null,
            knownAt,
        ]);
    }

    get today() {
        return serializeDate(DateTime.now());
    }

    async choose(name, value) {
        this.state[name] = value;
        await this.load();
    }

    // === FIGURES === //

    amount(text) {
        if (text === null || text === undefined) {
            return "–";
        }
        const decimals = (text.split(".")[1] || "").length;
        return formatFloat(parseFloat(text), { digits: [16, decimals] });
    }

    date(text) {
        return text ? formatDate(deserializeDate(text)) : "–";
    }

    isNegative(text) {
        return Boolean(text) && text.startsWith("-");
    }

    get counted() {
        const expected = this.state.position.accounts.filter((account) => account.state !== "not_expected");
        return { fresh: expected.filter((account) => account.state === "fresh").length, expected: expected.length };
    }

    get blocking() {
        return this.findings.filter((finding) => finding.blocking);
    }

    get remarks() {
        return this.findings.filter((finding) => !finding.blocking);
    }

    get findings() {
        return this.state.position.findings.map((finding, index) => ({
            ...finding,
            index,
            text: FINDINGS[finding.code] || finding.code,
        }));
    }

    get lowest() {
        const weeks = this.state.position.forecast.weeks;
        return weeks.reduce((low, week) => (parseFloat(week.closing) < parseFloat(low.closing) ? week : low), weeks[0]);
    }

    bars(view) {
        const sums = this.state.position[view.key].slice(0, this.hidden(view) ? BARS : undefined);
        const largest = Math.max(...sums.map((sum) => Math.abs(parseFloat(sum.amount))), 1);
        return sums.map((sum) => ({
            ...sum,
            width: Math.max(1, (100 * Math.abs(parseFloat(sum.amount))) / largest),
            negative: this.isNegative(sum.amount),
            chosen: this.isChosen(view, sum),
        }));
    }

    /** How many sums are not shown; the server has the largest first. */
    hidden(view) {
        const count = this.state.position[view.key].length;
        return this.state.expanded[view.key] || count <= BARS + 2 ? 0 : count - BARS;
    }

    isChosen(view, sum) {
        const filter = this.state.filter;
        return Boolean(filter) && filter.of === view.of && filter.code === sum.code;
    }

    filterBy(view, sum) {
        this.state.filter = this.isChosen(view, sum) ? null : { of: view.of, code: sum.code, name: sum.name };
        this.state.opened = null;
        this.state.shown = PAGE;
    }

    search(text) {
        this.state.search = text;
        this.state.shown = PAGE;
    }

    get matching() {
        const { filter, position } = this.state;
        const wanted = this.state.search.trim().toLowerCase();
        return position.accounts.filter(
            (account) =>
                (!filter || account[filter.of] === filter.code) &&
                [account.name, account.number, account.entity, account.bank, account.currency].some((text) =>
                    text.toLowerCase().includes(wanted)
                )
        );
    }

    get accounts() {
        return this.matching.slice(0, this.state.shown).map((account) => ({
            ...account,
            mark: STATES[account.state],
            strip: Array.from(account.days, (letter, index) => ({
                ...MARKS[letter],
                index,
                day: this.stripDay(account, index),
            })),
        }));
    }

    get more() {
        return this.matching.length - this.state.shown;
    }

    showMore() {
        this.state.shown += PAGE;
    }

    stripDay(account, index) {
        const last = DateTime.min(
            DateTime.fromISO(this.state.position.date),
            DateTime.fromISO(this.state.position.forecast.from).minus({ days: 1 })
        );
        return last.minus({ days: account.days.length - 1 - index });
    }

    get stripDays() {
        return Math.max(0, ...this.state.position.accounts.map((account) => account.days.length));
    }

    kindOf(balance) {
        return BALANCES[balance.type] || balance.type;
    }

    parts(account) {
        return PARTS.map(([name, label]) => ({ name, label, amount: account.difference[name] })).filter(
            (part) => parseFloat(part.amount) !== 0
        );
    }

    toggle(account) {
        this.state.opened = this.state.opened === account.id ? null : account.id;
    }

    // === DRILL-DOWN === //

    showLines(account) {
        return this.show(_t("Bank lines of %s", account.name), "account.bank.statement.line", [
            ["journal_id", "=", account.id],
        ]);
    }

    showBalances(account) {
        return this.show(_t("Balances of %s", account.name), "bank.statement.balance", [
            ["journal_id", "=", account.id],
            ["date", "<=", this.state.position.date],
        ]);
    }

    showUnreconciled(account) {
        return this.show(_t("Unreconciled lines of %s", account.name), "account.bank.statement.line", [
            ["journal_id", "=", account.id],
            ["is_reconciled", "=", false],
        ]);
    }

    showCoverage() {
        return this.action.doAction("bank_statement_api.bank_statement_coverage_action");
    }

    connectBank() {
        return this.action.doAction("bank_statement_api.bank_statement_setup_action");
    }

    async freeze() {
        const [group] = await this.orm.searchRead(
            "cash.position.group",
            [["code", "=", this.state.group]],
            ["id"],
            { limit: 1 }
        );
        if (group) {
            const action = await this.orm.call("cash.position.group", "action_freeze", [[group.id]]);
            await this.action.doAction(action);
        }
    }
}

registry.category("actions").add("treasury_sync.cash_position", CashPosition);
