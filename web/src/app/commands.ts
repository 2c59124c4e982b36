import { useEffect } from 'react';

/** Named acts that the page in view offers; buttons and shortcuts run the same ones. */
export type CommandName = 'save' | 'new' | 'search';

const commands = new Map<CommandName, (() => void)[]>();

/** Runs the act of the page in view; false when it offers none. */
export function runCommand(name: CommandName): boolean {
  const run = commands.get(name)?.at(-1);
  run?.();
  return run !== undefined;
}

/** Offers an act while the component is in view. */
export function useCommand(name: CommandName, run: (() => void) | null): void {
  useEffect(() => {
    if (run === null) return undefined;
    const stack = commands.get(name) ?? [];
    stack.push(run);
    commands.set(name, stack);
    return () => {
      const at = stack.lastIndexOf(run);
      if (at >= 0) stack.splice(at, 1);
    };
  }, [name, run]);
}
