import { useService } from "@web/core/utils/hooks";

/**
 * Give a component the way to the records behind a figure.
 *
 * @returns {function(string, string, Array, Object): Promise} opens the list of a model's records within a domain, under
 *      a name; with `resId` one record instead, with `cards` cards in place of the list on a phone
 */
export function useOpenRecords() {
    const action = useService("action");
    return (name, resModel, domain, { resId, context, cards } = {}) => {
        const modes = resId ? ["form"] : cards ? ["list", "kanban", "form"] : ["list", "form"];
        return action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: resModel,
            res_id: resId,
            views: modes.map((mode) => [false, mode]),
            domain,
            context,
            ...(cards && { mobile_view_mode: "kanban" }),
        });
    };
}
