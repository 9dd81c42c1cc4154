import { Component, onMounted, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { KeepLast } from "@web/core/utils/concurrency";
import { useAutofocus } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";

const MOST = 40;
const SEARCH_MS = 200;

/** Choose one of many with a few keys: write some letters, arrows, Enter. */
export class PickDialog extends Component {
    static template = "bank_statement_api.PickDialog";
    static components = { Dialog };
    static props = {
        title: String,
        nothing: String,
        // Comes after the dialog, which is there at once.
        items: { type: Promise, optional: true },
        // Asks the server instead of looking through `items`.
        search: { type: Function, optional: true },
        // Lets a new one be made.
        create: { type: Function, optional: true },
        text: { type: String, optional: true },
        pick: Function,
        close: Function,
    };
    static defaultProps = { text: "" };

    setup() {
        // `foundFor`: the text that `found` is of; nothing is chosen from what another text found.
        this.state = useState({ text: this.props.text, found: [], foundFor: null, place: 0 });
        this.keepLast = new KeepLast();
        useAutofocus({ refName: "input", selectAll: true });
        this.searchSoon = useDebounced(() => this.find(), SEARCH_MS);
        onMounted(() => this.find());
    }

    async find() {
        const { text } = this.state;
        this.state.found = await this.keepLast.add(this.look(text.trim()));
        this.state.foundFor = text;
        this.state.place = 0;
    }

    async look(text) {
        if (this.props.search) {
            return this.props.search(text);
        }
        const letters = text.toLowerCase();
        const items = await this.props.items;
        return items.filter((item) => `${item.name} ${item.note}`.toLowerCase().includes(letters)).slice(0, MOST);
    }

    get isLooking() {
        return this.state.foundFor !== this.state.text;
    }

    onInput(ev) {
        this.state.text = ev.target.value;
        if (this.props.search) {
            this.searchSoon();
        } else {
            this.find();
        }
    }

    onKeydown(ev) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
        if (step) {
            ev.preventDefault();
            const last = this.state.found.length - 1;
            this.state.place = Math.max(0, Math.min(last, this.state.place + step));
        } else if (ev.key === "Enter" && !ev.ctrlKey) {
            ev.preventDefault();
            this.isLooking ? this.findOne() : this.pick(this.state.found[this.state.place]);
        }
    }

    /** Enter before the answer is there: the only one that fits is meant; of several, one has to be seen first. */
    async findOne() {
        this.searchSoon.cancel();
        await this.find();
        if (this.state.found.length === 1 && !this.isLooking) {
            this.pick(this.state.found[0]);
        }
    }

    pick(item) {
        if (item) {
            this.props.close();
            this.props.pick(item);
        }
    }

    create() {
        this.props.close();
        this.props.create(this.state.text);
    }
}
