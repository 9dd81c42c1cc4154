import { Component, onWillStart } from "@odoo/owl";
import { dashboardParts } from "@finance_connector_base/dashboard/dashboard";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { formatCurrency } from "@web/core/currency";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";

const HEALTH_CLASSES = {
    ok: "text-bg-success",
    late: "text-bg-warning",
    failing: "text-bg-danger",
    new: "text-bg-secondary",
    manual: "text-bg-secondary",
};

/** Per bank account: covered until, last statement, what is missing, how its feed is doing. */
export class CashPart extends Component {
    static template = "bank_statement_api.CashPart";
    static props = { data: Object, open: Function };

    setup() {
        this.action = useService("action");
        onWillStart(async () => {
            this.mayConnect = await user.hasGroup("finance_connector_base.group_finance_manager");
            this.isOperator = await user.hasGroup("finance_connector_base.group_finance_operator");
        });
    }

    get cash() {
        return this.props.data.cash;
    }

    get incomplete() {
        return this.cash.accounts.filter((account) => !account.complete);
    }

    get severalCompanies() {
        return user.activeCompanies.length > 1;
    }

    get verdict() {
        const missing = this.incomplete.length;
        return missing
            ? _t("%(missing)s of %(all)s bank accounts are not complete.", {
                  missing,
                  all: this.cash.accounts.length,
              })
            : _t("All %s bank accounts are complete.", this.cash.accounts.length);
    }

    date(value) {
        return value ? formatDate(deserializeDate(value)) : "";
    }

    amount(account) {
        return formatCurrency(account.balance, account.currency_id);
    }

    completeness(account) {
        return account.complete ? _t("Complete") : _t("Not complete");
    }

    healthClass(account) {
        return HEALTH_CLASSES[account.health];
    }

    openAccount(account) {
        return this.action.doAction("bank_statement_api.account_bank_statement_line_action", {
            additionalContext: {
                search_default_to_review: 0,
                search_default_journal_id: account.journal_id,
            },
        });
    }

    /** Who may decide goes to the board; the others see the same lines as a list. */
    openReview() {
        return this.isOperator
            ? this.action.doAction("bank_statement_api.bank_statement_review_action")
            : this.props.open(_t("Transactions to Review"), "account.bank.statement.line", this.cash.review_domain);
    }

    upload() {
        return this.action.doAction("bank_statement_api.bank_statement_upload_action");
    }

    connect() {
        return this.action.doAction("bank_statement_api.bank_statement_setup_action");
    }

    openCoverage() {
        return this.action.doAction("bank_statement_api.bank_statement_coverage_action");
    }

    openFeeds() {
        return this.action.doAction("bank_statement_api.bank_statement_feed_action");
    }

    openGaps(account) {
        return this.props.open(_t("Missing Days of %s", account.name), "bank.statement.gap", [
            ["journal_id", "=", account.journal_id],
            ["state", "=", "open"],
        ]);
    }
}

dashboardParts.add("cash", { Component: CashPart }, { sequence: 10 });
