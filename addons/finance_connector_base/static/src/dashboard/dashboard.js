import { Component, onWillStart, useState } from "@odoo/owl";
import { useInterval } from "@finance_connector_base/dashboard/use_interval";
import { useOpenRecords } from "@finance_connector_base/open_records";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const { DateTime } = luxon;
const REFRESH_MS = 60_000;
const IS_OPEN = ["state", "in", ["open", "in_progress"]];
const SEVERITY_CLASSES = {
    0: "text-bg-secondary",
    1: "text-bg-info",
    2: "text-bg-warning",
    3: "text-bg-danger",
};

/** Parts that addons add: `{ Component }`, whose component gets the props `data` and `open`. */
export const dashboardParts = registry.category("finance_dashboard");

/** Is cash data complete, what is stuck, what needs me: answered in one look. */
export class FinanceDashboard extends Component {
    static template = "finance_connector_base.Dashboard";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ data: null, at: "" });
        this.parts = dashboardParts.getAll();
        this.open = useOpenRecords();
        onWillStart(() => this.load());
        useInterval(() => document.hidden || this.load(), REFRESH_MS);
    }

    async load() {
        this.state.data = await this.orm.silent.call("finance.dashboard", "get_overview", []);
        this.state.at = DateTime.now().toLocaleString(DateTime.TIME_SIMPLE);
    }

    time(value) {
        return value ? formatDateTime(deserializeDateTime(value)) : "";
    }

    severityClass(severity) {
        return SEVERITY_CLASSES[severity];
    }

    get stuckCount() {
        return this.state.data.stuck.reduce((sum, item) => sum + item.count, 0);
    }

    openStuck(item) {
        return this.open(_t("Stuck: %s", item.label), "finance.exchange", [
            ["is_stuck", "=", true],
            ["work_status", "=", item.status],
        ]);
    }

    openExceptions(which) {
        const mine = ["owner_id", "=", user.userId];
        const [name, domain] = {
            mine: [_t("My Exceptions"), [mine]],
            overdue: [_t("My Overdue Exceptions"), [mine, ["is_overdue", "=", true]]],
            unowned: [_t("Exceptions Nobody Looks After"), [["owner_id", "=", false]]],
            open: [_t("Open Exceptions"), []],
        }[which];
        return this.open(name, "finance.exception", [IS_OPEN, ...domain]);
    }

    openException(exception) {
        return this.open(exception.title, "finance.exception", [], { resId: exception.id });
    }

    openConnection(connection) {
        return this.open(connection.name, "finance.connection", [], { resId: connection.id });
    }
}

registry.category("actions").add("finance_dashboard", FinanceDashboard);
