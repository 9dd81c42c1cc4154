import { Component, onWillStart, onWillUnmount, useEffect, useRef, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { formatFloat } from "@web/views/fields/formatters";

/** What comes and goes, and what is left, over 30 days or 13 weeks; as a picture and as a table. */
export class Ladder extends Component {
    static template = "treasury_sync.Ladder";
    static props = { forecast: Object, currency: String };

    setup() {
        this.canvas = useRef("canvas");
        this.state = useState({ step: "weeks", asTable: false });
        this.chart = null;
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [this.state.step, this.state.asTable, this.props.forecast]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get periods() {
        return this.props.forecast[this.state.step];
    }

    get hasOverdue() {
        return parseFloat(this.props.forecast.overdue) !== 0;
    }

    label(period) {
        return formatDate(deserializeDate(period.start));
    }

    amount(text) {
        return formatFloat(parseFloat(text), { digits: [16, (text.split(".")[1] || "").length] });
    }

    draw() {
        this.chart?.destroy();
        this.chart = null;
        if (!this.canvas.el || !this.periods.length) {
            return;
        }
        // Of the theme in use, so that a dark one stays legible.
        const style = getComputedStyle(this.canvas.el);
        const text = style.color;
        const grid = style.getPropertyValue("--border-color").trim();
        const figures = (name) => this.periods.map((period) => parseFloat(period[name]));
        this.chart = new Chart(this.canvas.el, {
            data: {
                labels: this.periods.map((period) => this.label(period)),
                datasets: [
                    {
                        type: "line",
                        label: _t("Position"),
                        data: figures("closing"),
                        borderColor: style.getPropertyValue("--o-cash-position").trim(),
                        backgroundColor: style.getPropertyValue("--o-cash-position").trim(),
                        borderWidth: 2,
                        pointRadius: 2,
                        stepped: true,
                    },
                    {
                        type: "bar",
                        label: _t("In"),
                        data: figures("inflow"),
                        backgroundColor: style.getPropertyValue("--o-cash-in").trim(),
                        stack: "flow",
                    },
                    {
                        type: "bar",
                        label: _t("Out"),
                        data: figures("outflow"),
                        backgroundColor: style.getPropertyValue("--o-cash-out").trim(),
                        stack: "flow",
                    },
                ],
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "index", intersect: false },
                plugins: { legend: { labels: { color: text } } },
                scales: {
                    x: { stacked: true, ticks: { color: text, maxRotation: 45 }, grid: { color: grid } },
                    y: { ticks: { color: text }, grid: { color: grid } },
                },
            },
        });
    }
}
