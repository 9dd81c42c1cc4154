import { Component, onWillRender, useEffect, useRef } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useVirtualGrid } from "@web/core/virtual_grid_hook";
import { day, money } from "./money";

export const ROW_HEIGHT = 64;

/** The waiting lines: of thousands, only the rows in sight are in the page, and only they are asked for. */
export class LineList extends Component {
    static template = "bank_statement_api.LineList";
    static props = {
        ids: Array,
        rows: Map,
        // Counts up when a row came or changed: the rows themselves are not watched.
        version: Number,
        selectedId: [Number, { value: null }],
        viewers: Object,
        onSelect: Function,
        onWindow: Function,
    };

    setup() {
        this.root = useRef("root");
        this.grid = useVirtualGrid({
            scrollableRef: this.root,
            bufferCoef: 0.5,
            onChange: () => this.render(),
        });
        this.heightsOf = null;
        onWillRender(() => this.measure());
        useEffect(
            () => this.reveal(),
            () => [this.props.selectedId, this.props.ids]
        );
    }

    /** Before drawing: which rows are in sight. */
    measure() {
        const ids = this.props.ids;
        if (this.heightsOf !== ids) {
            this.heightsOf = ids;
            this.grid.setRowsHeights(new Array(ids.length).fill(ROW_HEIGHT));
        }
        const [first, last] = this.grid.rowsIndexes || [];
        this.first = first || 0;
        this.shown = ids.length ? ids.slice(this.first, (last ?? -1) + 1) : [];
        this.props.onWindow(this.shown);
    }

    get height() {
        return this.props.ids.length * ROW_HEIGHT;
    }

    get activeId() {
        return this.props.selectedId && this.shown.includes(this.props.selectedId)
            ? `o_review_line_${this.props.selectedId}`
            : false;
    }

    /** Keep the selected line in sight. */
    reveal() {
        const place = this.props.ids.indexOf(this.props.selectedId);
        const el = this.root.el;
        if (place < 0 || !el) {
            return;
        }
        const top = place * ROW_HEIGHT;
        if (top < el.scrollTop) {
            el.scrollTop = top;
        } else if (top + ROW_HEIGHT > el.scrollTop + el.clientHeight) {
            el.scrollTop = top + ROW_HEIGHT - el.clientHeight;
        }
    }

    rowOf(id) {
        return this.props.rows.get(id);
    }

    viewersOf(id) {
        return this.props.viewers[id] || [];
    }

    viewersTitle(id) {
        return _t("Looking at this line: %s", this.viewersOf(id).join(", "));
    }

    askedTitle(row) {
        return _t("Asked: %s", row.asked);
    }

    initials(name) {
        return name
            .split(/\s+/)
            .map((word) => word[0])
            .slice(0, 2)
            .join("")
            .toUpperCase();
    }

    money(row) {
        return money(row.amount, row.currency_id);
    }

    day(text) {
        return day(text);
    }
}
