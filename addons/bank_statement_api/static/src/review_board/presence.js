import { onMounted, onWillUnmount, useState } from "@odoo/owl";
import { useInterval } from "@finance_connector_base/dashboard/use_interval";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { debounce } from "@web/core/utils/timing";

const CHANNEL = "bank_statement_review";
const BEAT_MS = 45_000;
const GONE_MS = 110_000;
const TELL_MS = 400;

/**
 * Who looks at which line, and what others decided: told by the bus, to the people of the same company only.
 *
 * @param {object} options
 * @param {object} options.api
 * @param {(payload: {user: number, name: string, ids: number[]}) => void} options.onChanged
 * @returns {{viewers: Object, tell: (id: number | null) => void}} `viewers`: names by line id
 */
export function usePresence({ api, onChanged }) {
    const bus = useService("bus_service");
    const state = useState({ viewers: {} });
    const others = new Map();
    let here = null;

    const show = () => {
        const viewers = {};
        for (const [userId, other] of others) {
            if (Date.now() - other.at > GONE_MS) {
                others.delete(userId);
            } else if (other.line) {
                (viewers[other.line] ||= []).push(other.name);
            }
        }
        state.viewers = viewers;
    };
    const announce = (hello = false) => api.presence(here, hello).catch(() => {
        // Nobody sees us then; the work itself reports what is wrong with the connection.
    });
    const tellSoon = debounce(() => announce(), TELL_MS);
    const onPresence = (other) => {
        if (other.user === user.userId) {
            return;
        }
        others.set(other.user, { name: other.name, line: other.line, at: Date.now() });
        show();
        if (other.hello) {
            announce();
        }
    };

    bus.addChannel(CHANNEL);
    bus.subscribe(`${CHANNEL}/presence`, onPresence);
    bus.subscribe(`${CHANNEL}/changed`, onChanged);
    onMounted(() => announce(true));
    useInterval(() => {
        show();
        if (!document.hidden) {
            announce();
        }
    }, BEAT_MS);
    onWillUnmount(() => {
        tellSoon.cancel();
        here = null;
        announce();
        bus.unsubscribe(`${CHANNEL}/presence`, onPresence);
        bus.unsubscribe(`${CHANNEL}/changed`, onChanged);
        bus.deleteChannel(CHANNEL);
    });
    return {
        get viewers() {
            return state.viewers;
        },
        tell(id) {
            if (id !== here) {
                here = id;
                tellSoon();
            }
        },
    };
}
