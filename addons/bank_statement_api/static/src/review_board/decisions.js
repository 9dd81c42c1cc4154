import { onWillUnmount, useState } from "@odoo/owl";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError, RPCError } from "@web/core/network/rpc";
import { useService } from "@web/core/utils/hooks";
import { FormViewDialog } from "@web/views/view_dialogs/form_view_dialog";
import { PickDialog } from "./dialogs/pick_dialog";
import { PostponeDialog } from "./dialogs/postpone_dialog";
import { SplitDialog } from "./dialogs/split_dialog";
import { WordsDialog } from "./dialogs/words_dialog";

const OWN_MS = 5_000;
const UNDO_CHUNK = 100;

/**
 * What a person decides: one call at a time, told in words what became of it, and kept so that it can be undone.
 *
 * @param {object} board
 */
export function useDecisions(board) {
    const action = useService("action");
    const dialog = useService("dialog");
    const notification = useService("notification");
    const { api } = board;
    const state = useState({ isBusy: false });
    const done = [];
    // The bus tells us of our own decisions as well.
    const own = new Map();
    const timers = new Set();

    onWillUnmount(() => timers.forEach((timer) => clearTimeout(timer)));

    function remember(ids) {
        for (const id of ids) {
            own.set(id, (own.get(id) || 0) + 1);
        }
        const timer = setTimeout(() => {
            timers.delete(timer);
            for (const id of ids) {
                own.set(id, own.get(id) - 1);
                own.get(id) || own.delete(id);
            }
        }, OWN_MS);
        timers.add(timer);
    }

    /** Tell in words what went wrong; what we cannot say is Odoo's to show. */
    function explain(error) {
        if (error instanceof ConnectionLostError) {
            notification.add(
                _t("The connection was lost: whether it was posted is not known. Refresh before you decide again."),
                { type: "danger", sticky: true }
            );
            return true;
        }
        if (error instanceof RPCError && error.data?.message) {
            notification.add(error.data.message, { type: "danger" });
            return true;
        }
        return false;
    }

    function tellRefused(refused) {
        const reasons = [...new Set(refused.map((one) => one.reason))];
        for (const reason of reasons.slice(0, 3)) {
            const count = refused.filter((one) => one.reason === reason).length;
            notification.add(count > 1 ? _t("%(count)s lines: %(reason)s", { count, reason }) : reason, {
                type: "danger",
            });
        }
    }

    /**
     * Do one thing with a line: the one that was selected when the person began, whatever is selected by now.
     *
     * @param {object} line
     * @param {() => Promise} call
     * @param {string} words what was done
     * @param {() => Promise | null} undo how it is taken back
     * @param {(result) => {words: string, undo: () => Promise | null}} outcome the two, where they depend on the answer
     */
    async function decide(line, call, words, undo, outcome = () => ({ words, undo })) {
        if (state.isBusy) {
            return;
        }
        state.isBusy = true;
        try {
            remember([line.id]);
            const result = await call();
            if (result?.refused?.length) {
                tellRefused(result.refused);
            } else {
                const { words: told, undo: back } = outcome(result);
                if (back) {
                    done.push({ words: told, ids: [line.id], undo: back });
                }
                notification.add(told, {
                    type: "success",
                    buttons: back ? [{ name: _t("Undo"), onClick: () => decisions.undo() }] : [],
                });
            }
        } catch (error) {
            if (!explain(error)) {
                throw error;
            }
        } finally {
            state.isBusy = false;
            await look([line.id]);
        }
    }

    /** See what has become of lines, whatever the answer was. */
    async function look(ids) {
        try {
            await board.refresh(ids);
        } catch (error) {
            if (!explain(error)) {
                throw error;
            }
        }
    }

    /** The line that is open and loaded, or nothing: what is begun with it is done with it. */
    function openLine() {
        return !state.isBusy && board.line?.open ? board.line : null;
    }

    /** What can be chosen for a line; nothing when the server refuses, which is told. */
    async function choices(line, name) {
        try {
            return (await api.choices(line.id))[name];
        } catch (error) {
            if (!explain(error)) {
                throw error;
            }
            return [];
        }
    }

    /** The dialog is there at once, and takes the keys: what it offers comes after it. */
    function pick(line, title, nothing, name, done) {
        dialog.add(PickDialog, { title, nothing, items: choices(line, name), pick: done });
    }

    async function takeBack(ids) {
        const all = { undone: [], reversed: [], refused: [] };
        for (let start = 0; start < ids.length; start += UNDO_CHUNK) {
            const result = await api.undo(ids.slice(start, start + UNDO_CHUNK));
            for (const name of Object.keys(all)) {
                all[name].push(...result[name]);
            }
        }
        return all;
    }

    const undoMatch = (line) => () => takeBack([line.id]);
    const lookAgain = (line) =>
        decide(line, () => api.match(line.id), "", null, (count) =>
            count
                ? { words: _t("Matched by itself: %s", line.party || line.name), undo: undoMatch(line) }
                : { words: _t("Looked for matches again"), undo: null }
        );

    /** A form of Odoo's over the board; when it closes, the line is looked at again. */
    function openForm(line, model, name, context) {
        action.doAction(
            {
                type: "ir.actions.act_window",
                name,
                res_model: model,
                views: [[false, "form"]],
                target: "new",
                context,
            },
            { onClose: () => lookAgain(line) }
        );
    }

    function refuse(sentence) {
        notification.add(sentence, { type: "warning" });
    }

    const decisions = {
        get isBusy() {
            return state.isBusy;
        },
        isOwn: (id) => own.has(id),

        accept() {
            const { candidate } = board;
            const line = openLine();
            if (line && candidate?.blocked) {
                refuse(candidate.blocked);
            } else if (line && candidate) {
                return decide(line, () => api.accept(candidate.id), _t("Accepted: %s", candidate.summary), undoMatch(line));
            } else if (line) {
                refuse(_t("There is no candidate: settle it by hand (S) or write it off (W)."));
            }
        },

        split() {
            const line = openLine();
            if (line) {
                dialog.add(SplitDialog, {
                    api,
                    line,
                    candidate: board.candidate || undefined,
                    models: choices(line, "models"),
                    done: (allocations, writeOff) =>
                        decide(
                            line,
                            () => api.allocate(line.id, allocations, writeOff),
                            _t("Settled by hand: %s", line.party || line.name),
                            undoMatch(line)
                        ),
                });
            }
        },

        writeOff() {
            const line = openLine();
            if (line) {
                const nothing = _t("There is no write-off model. An accountant makes them under Accounting, Configuration.");
                pick(line, _t("Write off with a model"), nothing, "models", (model) =>
                    decide(line, () => api.writeOff(line.id, model.id), _t("Written off: %s", model.name), undoMatch(line))
                );
            }
        },

        transfer() {
            const line = openLine();
            if (line) {
                const nothing = _t("The company has no other bank account.");
                pick(line, _t("Transfer from or to another account of ours"), nothing, "journals", (journal) =>
                    decide(
                        line,
                        () => api.transfer(line.id, journal.id),
                        _t("Booked as transfer: %s", journal.name),
                        undoMatch(line)
                    )
                );
            }
        },

        bill() {
            const line = openLine();
            if (!line) {
                return;
            }
            if (!board.state.may.bill) {
                return refuse(_t("You may not create bills and invoices."));
            }
            const title = Number(line.amount) > 0 ? _t("New Invoice") : _t("New Bill");
            return openForm(line, "account.move", title, line.bill);
        },

        payment() {
            const line = openLine();
            if (!line) {
                return;
            }
            if (!board.state.may.payment) {
                return refuse(_t("You may not create payments."));
            }
            const isIn = Number(line.amount) > 0;
            return openForm(line, "account.payment", _t("New Payment"), {
                default_payment_type: isIn ? "inbound" : "outbound",
                default_partner_type: isIn ? "customer" : "supplier",
                default_partner_id: line.partner_id || false,
                default_journal_id: line.journal_id,
                default_currency_id: line.currency_id,
                default_amount: Math.abs(Number(line.rest)),
                default_date: line.date,
                default_memo: line.text,
            });
        },

        partner() {
            const line = openLine();
            if (!line) {
                return;
            }
            const set = (partner) =>
                decide(line, () => api.partner(line.id, partner.id), _t("Contact: %s", partner.name), null);
            dialog.add(PickDialog, {
                title: _t("Who is it?"),
                nothing: board.state.may.partner
                    ? _t("Nobody of this name. Create a new contact with Alt N.")
                    : _t("Nobody of this name. You may not create contacts: ask an administrator for that right."),
                text: line.partner || line.party,
                search: (text) => api.partners(text),
                create: board.state.may.partner
                    ? (name) =>
                          dialog.add(FormViewDialog, {
                              resModel: "res.partner",
                              title: _t("New Contact"),
                              context: { default_name: name },
                              onRecordSaved: (record) => set({ id: record.resId, name: record.data.display_name || name }),
                          })
                    : undefined,
                pick: set,
            });
        },

        ask() {
            const line = openLine();
            if (line) {
                pick(line, _t("Ask a colleague"), _t("Nobody else may see this line."), "users", (colleague) =>
                    dialog.add(WordsDialog, {
                        title: _t("Ask %s", colleague.name),
                        label: _t("Your question"),
                        button: _t("Ask"),
                        done: (question) =>
                            decide(line, () => api.ask(line.id, colleague.id, question), _t("%s was asked", colleague.name), null),
                    })
                );
            }
        },

        postpone() {
            const line = openLine();
            if (line) {
                dialog.add(PostponeDialog, {
                    done: (day) =>
                        decide(
                            line,
                            () => api.postpone(line.id, day),
                            _t("Postponed until %s", formatDate(deserializeDate(day))),
                            () => api.postpone(line.id, "")
                        ),
                });
            }
        },

        ignore() {
            const line = openLine();
            if (line?.ignored) {
                return decide(line, () => api.ignore(line.id, ""), _t("It waits again"), () =>
                    api.ignore(line.id, line.ignored)
                );
            }
            if (line) {
                dialog.add(WordsDialog, {
                    title: _t("Ignore this line"),
                    label: _t("Why does nobody have to decide on it?"),
                    button: _t("Ignore"),
                    done: (reason) =>
                        decide(line, () => api.ignore(line.id, reason), _t("Ignored: %s", reason), () =>
                            api.ignore(line.id, "")
                        ),
                });
            }
        },

        match() {
            const line = openLine();
            if (line) {
                return lookAgain(line);
            }
        },

        undoLine() {
            const { line } = board;
            if (line?.matched) {
                return decide(line, undoMatch(line), _t("Taken back"), null);
            }
        },

        async undo() {
            if (state.isBusy) {
                return;
            }
            const last = done.pop();
            if (!last) {
                refuse(_t("Nothing to undo here. What was decided earlier is under “Decided in 7 days”."));
                return;
            }
            state.isBusy = true;
            const shown = board.state.selectedId;
            try {
                remember(last.ids);
                const result = await last.undo();
                if (result?.refused?.length) {
                    tellRefused(result.refused);
                }
                if (result?.reversed?.length) {
                    notification.add(_t("Corrected by a reversal, as the entry may not be changed any more."), {
                        type: "info",
                    });
                }
                if (!result?.refused || result.refused.length < last.ids.length) {
                    notification.add(_t("Undone: %s", last.words), { type: "success" });
                }
            } catch (error) {
                // It is not known to be undone: it can be tried again.
                done.push(last);
                if (!explain(error)) {
                    throw error;
                }
            } finally {
                state.isBusy = false;
                // Who went on to another line meanwhile stays there: what comes next is meant for that one.
                if (last.ids.length === 1 && board.state.selectedId === shown) {
                    board.state.selectedId = last.ids[0];
                }
                await board.load();
            }
        },

        async afterBulk({ accepted, refused }, error) {
            remember(accepted);
            if (accepted.length) {
                done.push({
                    words: _t("%s lines", accepted.length),
                    ids: accepted,
                    undo: () => takeBack(accepted),
                });
                notification.add(_t("Accepted: %s lines", accepted.length), {
                    type: "success",
                    buttons: [{ name: _t("Undo"), onClick: () => decisions.undo() }],
                });
            }
            tellRefused(refused);
            await board.load();
            if (error && !explain(error)) {
                throw error;
            }
        },
    };
    return decisions;
}
