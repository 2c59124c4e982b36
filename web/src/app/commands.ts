import { useEffect, useRef } from 'react';
import { cell } from '../lib/store';
import type { TextKey } from '../i18n/zh';

/** Named acts of the page: buttons, shortcuts, the palette and the list of shortcuts all read this one table. */
export const COMMANDS = {
  palette: { label: 'cmd.palette', keys: 'Ctrl-K' },
  search: { label: 'cmd.search', keys: '/' },
  new: { label: 'cmd.new', keys: 'Alt-N' },
  save: { label: 'cmd.save', keys: 'Ctrl-S' },
  saveNew: { label: 'cmd.saveNew', keys: 'Alt-S' },
  lead: { label: 'cmd.lead', keys: 'Ctrl-Enter' },
  previous: { label: 'cmd.previous', keys: 'Alt-PageUp' },
  next: { label: 'cmd.next', keys: 'Alt-PageDown' },
  history: { label: 'cmd.history', keys: 'Alt-H' },
  links: { label: 'cmd.links', keys: 'Alt-L' },
  filter: { label: 'cmd.filter', keys: 'Alt-F' },
  columns: { label: 'cmd.columns', keys: 'Alt-C' },
  inline: { label: 'cmd.inline', keys: 'Alt-E' },
  favourite: { label: 'cmd.favourite', keys: 'Alt-B' },
  home: { label: 'cmd.home', keys: 'Alt-Home' },
  help: { label: 'cmd.help', keys: '?' },
} satisfies Record<string, { label: TextKey; keys: string }>;

/** A name of {@link COMMANDS}. */
export type CommandName = keyof typeof COMMANDS;

const offers = new Map<CommandName, (() => void)[]>();
/** Counts changes of what is offered, for those who show it. */
export const offering = cell(0);

/** Whether the page in view offers an act. */
export function isOffered(name: CommandName): boolean {
  return (offers.get(name)?.length ?? 0) > 0;
}

/** Runs the act of the page in view; false when it offers none. */
export function runCommand(name: CommandName): boolean {
  const run = offers.get(name)?.at(-1);
  run?.();
  return run !== undefined;
}

/** Offers an act while the component is in view and `run` is not null. */
export function useCommand(name: CommandName, run: (() => void) | null): void {
  const latest = useRef(run);
  useEffect(() => { latest.current = run; });
  const offered = run !== null;
  useEffect(() => {
    if (!offered) return undefined;
    const stack = offers.get(name) ?? [];
    const call = () => latest.current?.();
    offers.set(name, [...stack, call]);
    offering.set(offering.get() + 1);
    return () => {
      offers.set(name, (offers.get(name) ?? []).filter((c) => c !== call));
      offering.set(offering.get() + 1);
    };
  }, [name, offered]);
}

/** The act a key press asks for, if any; single keys act only outside of inputs. */
export function commandOf(event: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>, typing: boolean): CommandName | null {
  const ctrl = event.ctrlKey || event.metaKey;
  const pressed = [ctrl ? 'Ctrl' : '', event.altKey ? 'Alt' : '', event.altKey && event.code.startsWith('Key') ? event.code.slice(3) : event.key.length === 1 ? event.key.toUpperCase() : event.key]
    .filter((part) => part !== '').join('-');
  const found = (Object.keys(COMMANDS) as CommandName[]).find((name) => COMMANDS[name].keys === pressed);
  if (found === undefined) return null;
  return typing && !ctrl && !event.altKey ? null : found;
}
