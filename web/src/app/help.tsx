import { Modal } from 'antd';
import { useText } from '../i18n';
import { useCell } from '../lib/store';
import { COMMANDS, isOffered, offering, type CommandName } from './commands';

/** Keys that belong to an input rather than to the page. */
const FIELD_KEYS = [
  ['Tab / Enter', 'help.onward'], ['Ctrl-D', 'help.filldown'], ['Ctrl-Delete', 'help.removerow'], ['Ctrl-V', 'help.paste'], ['↑ ↓', 'help.rows'],
  ['1124 · +5 · t', 'help.dates'], ['Alt-↑ ↓', 'help.days'], ['Delete', 'help.clear'], ['Esc', 'help.close'],
] as const;

/** All shortcuts; those the page in view does not offer are grey. */
export function Help({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useText();
  useCell(offering);
  const line = (keys: string, label: string, live: boolean) => (
    <tr key={keys} className={live ? '' : 'muted'}><td>{keys.split(/(?<=\w)-(?=.)/).map((key, i) => <kbd key={i}>{key}</kbd>)}</td><td>{label}</td></tr>
  );
  return (
    <Modal open={open} footer={null} onCancel={close} width={720} title={t('cmd.help')} destroyOnHidden>
      <div className="help">
        <table className="plain"><tbody>{(Object.keys(COMMANDS) as CommandName[]).map((name) => line(COMMANDS[name].keys, t(COMMANDS[name].label), isOffered(name)))}</tbody></table>
        <table className="plain"><tbody>{FIELD_KEYS.map(([keys, label]) => line(keys, t(label), true))}</tbody></table>
      </div>
    </Modal>
  );
}
