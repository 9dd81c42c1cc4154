import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";
import { useOpenRecords } from "@finance_connector_base/open_records";
import { formatCurrency } from "@web/core/currency";
import { deserializeDate, formatDate, serializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const { DateTime } = luxon;
const MONTHS = 12;
const PAGE = 50;

/** By the letter of the server: never told by colour alone. */
export const MARKS = {
    c: { name: "complete", sign: "✓", label: _t("complete") },
    m: { name: "missing", sign: "✗", label: _t("missing") },
    b: { name: "broken", sign: "!", label: _t("broken") },
    "-": { name: "not_expected", sign: "·", label: _t("not expected") },
};

/** Months by bank accounts: which days are proven complete. */
export class Coverage extends Component {
    static template = "bank_statement_api.Coverage";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.show = useOpenRecords();
        this.display = { controlPanel: {} };
        this.state = useState({
            end: DateTime.now().startOf("month"),
            onlyOpen: false,
            search: "",
            opened: null,
            day: null,
            offset: 0,
        });
        // Plain values: thousands of letters need no watching.
        this.accounts = [];
        this.total = 0;
        this.asked = 0;
        this.search = useDebounced(() => this.reload(), 300);
        onWillStart(() => this.load());
        // On a narrow screen the latest months are in sight first.
        this.table = useRef("table");
        useEffect(
            (el) => {
                if (el) {
                    el.scrollLeft = el.scrollWidth;
                }
            },
            () => [this.table.el, this.state.end]
        );
    }

    get legend() {
        return Object.values(MARKS);
    }

    async load() {
        const start = this.state.end.minus({ months: MONTHS - 1 });
        this.start = start;
        this.months = Array.from({ length: MONTHS }, (_value, number) => {
            const month = start.plus({ months: number });
            return {
                key: month.toFormat("yyyy-MM"),
                label: month.toFormat("LLL yyyy"),
                offset: Math.round(month.diff(start, "days").days),
                days: month.daysInMonth,
                first: month,
            };
        });
        const asked = ++this.asked;
        const { accounts, total } = await this.orm.call("bank.statement.coverage", "get_coverage", [
            serializeDate(start),
            serializeDate(this.state.end.endOf("month")),
            this.state.search,
            this.state.onlyOpen,
            PAGE,
            this.state.offset,
        ]);
        if (asked !== this.asked) {
            // The answer to an earlier question came last.
            return;
        }
        this.total = total;
        this.accounts = accounts.map((account) => ({
            ...account,
            cells: this.months.map((month) => this.summary(account, month)),
        }));
    }

    /** The worst of a month, and how often: what a person has to look at. */
    summary(account, month) {
        const days = account.days.slice(month.offset, month.offset + month.days);
        const count = { c: 0, m: 0, b: 0, "-": 0 };
        for (const letter of days) {
            count[letter]++;
        }
        const worst = count.b ? "b" : count.m ? "m" : count.c ? "c" : "-";
        const mark = MARKS[worst];
        const figure = worst === "b" || worst === "m" ? ` ${count[worst]}` : "";
        return {
            key: `${account.id}:${month.key}`,
            className: `o_coverage_${mark.name}`,
            text: `${mark.sign}${figure}`,
            title: _t("%(account)s, %(month)s: %(complete)s complete, %(missing)s missing, %(broken)s broken", {
                account: account.name,
                month: month.label,
                complete: count.c,
                missing: count.m,
                broken: count.b,
            }),
        };
    }

    get page() {
        const last = Math.min(this.state.offset + PAGE, this.total);
        return _t("%(first)s-%(last)s / %(total)s", { first: this.state.offset + 1, last, total: this.total });
    }

    get severalCompanies() {
        return user.activeCompanies.length > 1;
    }

    /** What an empty calendar means. */
    get nothing() {
        return this.state.onlyOpen
            ? _t("No account has a day that is missing or broken in these months.")
            : this.state.search
              ? _t("No bank account fits. Search for another name, number or company.")
              : _t("There is no bank account yet. Connect a bank, or create a bank journal and upload its first statement.");
    }

    get hasPages() {
        return this.total > PAGE;
    }

    async move(months) {
        this.state.end = this.state.end.plus({ months });
        await this.reload(this.state.offset);
    }

    turn(pages) {
        const last = Math.floor((this.total - 1) / PAGE) * PAGE;
        const offset = this.state.offset + pages * PAGE;
        return this.reload(offset > last ? 0 : offset < 0 ? last : offset);
    }

    /** Ask again; what is open belongs to what was shown before. */
    async reload(offset = 0) {
        this.state.offset = offset;
        this.state.opened = null;
        this.state.day = null;
        await this.load();
        this.render();
    }

    open(account, number) {
        const month = this.months[number];
        const key = account.cells[number].key;
        this.state.day = null;
        if (this.state.opened && this.state.opened.key === key) {
            this.state.opened = null;
            return;
        }
        const days = account.days.slice(month.offset, month.offset + month.days);
        this.state.opened = {
            key,
            accountId: account.id,
            accountName: account.name,
            label: month.label,
            days: Array.from(days, (letter, index) => {
                const date = month.first.plus({ days: index });
                return {
                    number: index + 1,
                    weekday: date.toFormat("ccc"),
                    date: serializeDate(date),
                    ...MARKS[letter],
                };
            }),
        };
    }

    async openDay(day) {
        const accountId = this.state.opened.accountId;
        const proof = await this.orm.call("bank.statement.coverage", "get_day", [accountId, day.date]);
        this.state.day = { ...proof, date: day.date, label: day.label, name: day.name, sign: day.sign };
    }

    date(value) {
        return formatDate(deserializeDate(value));
    }

    amount(value) {
        return value === null ? _t("not stated") : formatCurrency(parseFloat(value), this.state.day.currency_id);
    }

    showLines() {
        return this.show(_t("Bookings of %s", this.date(this.state.day.date)), "account.bank.statement.line", [
            ["journal_id", "=", this.state.opened.accountId],
            ["bank_booking_date", "=", this.state.day.date],
        ]);
    }

    showBalances() {
        return this.show(_t("Balances of %s", this.date(this.state.day.date)), "bank.statement.balance", [
            ["journal_id", "=", this.state.opened.accountId],
            ["date", "=", this.state.day.date],
        ]);
    }

    showExceptions() {
        return this.show(_t("Exceptions of %s", this.state.opened.accountName), "finance.exception", [
            ["res_model", "=", "account.journal"],
            ["res_id", "=", this.state.opened.accountId],
            ["state", "in", ["open", "in_progress"]],
        ]);
    }
}

registry.category("actions").add("bank_statement_api.coverage", Coverage);
