import type { ActionMeta } from '../api/types';

/** Whether a dialog has to ask something before the action runs. */
export function asks(action: ActionMeta | undefined): boolean {
  return (action?.data ?? []).length > 0 || (action?.dataTables ?? []).length > 0;
}
