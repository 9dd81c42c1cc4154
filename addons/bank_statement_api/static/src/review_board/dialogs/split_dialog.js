import { Component, onMounted, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { KeepLast } from "@web/core/utils/concurrency";
import { useAutofocus } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { Entry } from "../entry";
import { day, decimals, decimalText, minor, money } from "../money";

const WAIT_MS = 250;

/** Settle open items chosen by hand, wholly or in part, and say what the rest goes to; with the entry as it will be. */
export class SplitDialog extends Component {
    static template = "bank_statement_api.SplitDialog";
    static components = { Dialog, Entry, RecordSelector };
    static props = { api: Object, line: Object, candidate: { optional: true }, models: Promise, done: Function, close: Function };

    setup() {
        const { line } = this.props;
        this.places = decimals(line.currency_id);
        this.state = useState({
            text: "",
            // `foundFor`: the text that `found` is of.
            found: [],
            foundFor: null,
            place: 0,
            chosen: [],
            rest: "keep",
            accountId: false,
            label: line.text,
            models: [],
            entry: [],
            error: "",
            isSending: false,
        });
        this.findLast = new KeepLast();
        this.previewLast = new KeepLast();
        useAutofocus({ refName: "input" });
        this.findSoon = useDebounced(() => this.find(), WAIT_MS);
        this.previewSoon = useDebounced(() => this.preview(), WAIT_MS);
        this.takeOver();
        // The dialog is there at once and takes the keys; what it offers comes after it.
        onMounted(() => Promise.all([this.find(), this.preview(), this.loadModels()]));
    }

    /** Begin with the items of the candidate that was chosen on the board. */
    takeOver() {
        const allocated = this.props.candidate?.allocations || [];
        for (const item of this.props.candidate?.items || []) {
            const part = allocated.find((one) => one.item === item.id);
            this.state.chosen.push({
                item: item.id,
                document: item.document,
                partner: item.partner,
                open: item.open,
                currency_id: item.currency_id,
                amount: part ? part.amount : item.open,
                paid: "",
            });
        }
    }

    async find() {
        const { api, line } = this.props;
        const { text } = this.state;
        this.state.found = await this.findLast.add(api.items(line.id, text.trim() || null));
        this.state.foundFor = text;
        this.state.place = 0;
    }

    async loadModels() {
        this.state.models = await this.props.models;
    }

    get isLooking() {
        return this.state.foundFor !== this.state.text;
    }

    get free() {
        const taken = new Set(this.state.chosen.map((part) => part.item));
        return this.state.found.filter((row) => !taken.has(row.item));
    }

    onSearch(ev) {
        this.state.text = ev.target.value;
        this.findSoon();
    }

    onSearchKeydown(ev) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
        if (step) {
            ev.preventDefault();
            this.state.place = Math.max(0, Math.min(this.free.length - 1, this.state.place + step));
        } else if (ev.key === "Enter" && !ev.ctrlKey) {
            ev.preventDefault();
            this.isLooking ? this.findOne() : this.add(this.free[this.state.place]);
        }
    }

    /** Enter before the answer is there: the only one that fits is meant; of several, one has to be seen first. */
    async findOne() {
        this.findSoon.cancel();
        await this.find();
        if (this.free.length === 1 && !this.isLooking) {
            this.add(this.free[0]);
        }
    }

    add(row) {
        if (!row) {
            return;
        }
        const isForeign = row.currency_id !== this.props.line.currency_id;
        this.state.chosen.push({
            item: row.item,
            document: row.document,
            partner: row.partner,
            open: row.amount,
            currency_id: row.currency_id,
            amount: isForeign ? row.amount : this.offer(row),
            paid: isForeign ? decimalText(this.rest, this.places) : "",
        });
        this.state.place = 0;
        this.previewSoon();
    }

    /** What of the rest the item can take. */
    offer(row) {
        const open = minor(row.amount, this.places);
        const rest = this.rest;
        const fits = open * rest > 0 && Math.abs(rest) < Math.abs(open);
        return decimalText(fits ? rest : open, this.places);
    }

    isForeign(part) {
        return part.currency_id !== this.props.line.currency_id;
    }

    remove(part) {
        this.state.chosen.splice(this.state.chosen.indexOf(part), 1);
        this.previewSoon();
    }

    onAmount(part, name, ev) {
        part[name] = ev.target.value;
        this.previewSoon();
    }

    /** What no part takes, in the smallest unit of the line's currency. */
    get rest() {
        const spent = this.state.chosen.reduce(
            (sum, part) => sum + (minor(part.paid || part.amount, this.places) || 0),
            0
        );
        return minor(this.props.line.rest, this.places) - spent;
    }

    get restText() {
        return money(decimalText(this.rest, this.places), this.props.line.currency_id);
    }

    get restWords() {
        return this.rest ? _t("%s are left of the line", this.restText) : _t("Nothing is left of the line");
    }

    get allocations() {
        const plain = (text) => text.trim().replace(",", ".");
        return this.state.chosen.map((part) => ({
            item: part.item,
            amount: plain(part.amount),
            ...(part.paid ? { paid: plain(part.paid) } : {}),
        }));
    }

    get writeOff() {
        const { rest, accountId, label } = this.state;
        if (rest === "account") {
            return accountId ? { account: accountId, label } : null;
        }
        return rest === "keep" ? null : { model: Number(rest) };
    }

    get isReady() {
        return !this.state.error && this.state.entry.length > 0 && !this.state.isSending;
    }

    get accountDomain() {
        return [["company_ids", "parent_of", this.props.line.company_id]];
    }

    onRest(ev) {
        this.state.rest = ev.target.value;
        this.preview();
    }

    onAccount(accountId) {
        this.state.accountId = accountId;
        this.preview();
    }

    async preview() {
        const { api, line } = this.props;
        if (!this.state.chosen.length && !this.writeOff) {
            this.state.entry = [];
            this.state.error = "";
            return;
        }
        // Until the answer is there, what is shown is not what would be posted.
        this.state.entry = [];
        try {
            this.state.entry = await this.previewLast.add(api.preview(line.id, this.allocations, this.writeOff));
            this.state.error = "";
        } catch (error) {
            if (!(error instanceof RPCError)) {
                throw error;
            }
            this.state.error = error.data.message;
        }
    }

    post() {
        if (this.isReady) {
            this.state.isSending = true;
            this.props.close();
            this.props.done(this.allocations, this.writeOff);
        }
    }

    isRest(model) {
        return this.state.rest === String(model.id);
    }

    amountLabel(part) {
        return _t("Amount for %s", part.document);
    }

    removeLabel(part) {
        return _t("Remove %s", part.document);
    }

    money(text, currencyId) {
        return money(text, currencyId);
    }

    day(text) {
        return day(text);
    }
}
