import { Component } from "@odoo/owl";
import { dashboardParts } from "@finance_connector_base/dashboard/dashboard";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { formatCurrency } from "@web/core/currency";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

/** How far payments have come, since when, and what the oldest orders wait for. */
export class PaymentsPart extends Component {
    static template = "treasury_sync.PaymentsPart";
    static props = { data: Object, open: Function };

    setup() {
        this.action = useService("action");
    }

    get payments() {
        return this.props.data.payments;
    }

    get isEmpty() {
        return !this.payments.steps.some((step) => step.count) && !this.payments.problems.length;
    }

    amounts(step) {
        return step.amounts.map((each) => formatCurrency(each.amount, each.currency_id)).join(" · ");
    }

    since(step) {
        return step.since ? formatDateTime(deserializeDateTime(step.since)) : "";
    }

    amount(order) {
        return formatCurrency(order.amount, order.currency_id);
    }

    openStep(step) {
        return this.openAll(_t("Payments: %s", step.label), "treasury.payment.instruction", [
            ["state", "=", step.state],
        ]);
    }

    openOrder(order) {
        return this.props.open(order.name, "treasury.payment.order", [], { resId: order.id });
    }

    openMine() {
        return this.openAll(_t("For You to Approve"), "treasury.payment.order", [
            ["id", "in", this.payments.mine],
        ]);
    }

    openAll(name, model, domain) {
        return this.props.open(name, model, domain, { cards: true });
    }

    openOrders() {
        return this.action.doAction("treasury_sync.treasury_payment_order_action");
    }
}

dashboardParts.add("payments", { Component: PaymentsPart }, { sequence: 15 });
