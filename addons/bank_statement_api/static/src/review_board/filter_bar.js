import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useForwardRefToParent } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";

const SCOPES = [
    ["waiting", _t("Waiting")],
    ["asked", _t("Asked of me")],
    ["postponed", _t("Postponed")],
    ["ignored", _t("Ignored")],
    ["decided", _t("Decided in 7 days")],
];
const ORDERS = [
    ["oldest", _t("Oldest first")],
    ["newest", _t("Newest first")],
    ["amount", _t("Largest amount")],
    ["kind", _t("By reason")],
];
const DIRECTIONS = [
    ["", _t("In and out")],
    ["in", _t("Money in")],
    ["out", _t("Money out")],
];
const SCORES = [
    [0, _t("Any score")],
    [60, _t("60 points and more")],
    [85, _t("85 points and more")],
];

/** Which lines the board shows. */
export class FilterBar extends Component {
    static template = "bank_statement_api.ReviewFilterBar";
    static props = {
        filters: Object,
        kinds: Array,
        journals: Array,
        total: Number,
        shown: Number,
        searchRef: Function,
        onChange: Function,
        onAct: Function,
    };

    setup() {
        // Only narrow screens fold the filters away.
        this.state = useState({ isOpen: false });
        useForwardRefToParent("searchRef");
        this.search = useDebounced((text) => this.props.onChange({ text }), 300);
    }

    /** The lists to choose from, as the template draws them. */
    get choices() {
        return [
            { name: "scope", label: _t("Which lines"), options: SCOPES },
            { name: "direction", label: _t("Direction"), options: DIRECTIONS },
            { name: "score", label: _t("Score of the best candidate"), options: SCORES },
            { name: "order", label: _t("Order"), options: ORDERS },
        ].map((choice) => ({ ...choice, value: this.props.filters[choice.name] || choice.options[0][0] }));
    }

    choose(name, select) {
        const isNumber = name === "score" || name === "journal";
        const value = isNumber ? Number(select.value) : select.value;
        this.props.onChange({ [name]: value || false });
        // The keys work again at once.
        select.blur();
    }

    get mayBulk() {
        return ["waiting", "asked"].includes(this.props.filters.scope) && this.props.total > 0;
    }

    get count() {
        const { shown, total } = this.props;
        return shown < total
            ? _t("the first %(shown)s of %(total)s lines", { shown, total })
            : total === 1
              ? _t("1 line")
              : _t("%s lines", total);
    }

    onKeydown(ev) {
        if (ev.key === "Escape" || ev.key === "Enter" || ev.key === "ArrowDown") {
            // Back to the lines, where the keys work.
            ev.preventDefault();
            ev.stopPropagation();
            ev.target.blur();
            if (ev.key === "Enter") {
                this.search.cancel();
                this.props.onChange({ text: ev.target.value });
            }
        }
    }
}
