import type { Label } from '../api/types';
import { preferences } from '../lib/preferences';
import { useCell } from '../lib/store';
import { en } from './en';
import { zh, type TextKey } from './zh';

export type { TextKey };
/** A language of the page. */
export type Lang = 'zh' | 'en';

/** One of the page's texts in a language, with `{name}` replaced, and `{name|one|many}` by the word that fits the number. */
export function text(lang: Lang, key: TextKey, values: Record<string, string | number> = {}): string {
  return (lang === 'zh' ? zh : en)[key].replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) =>
    one === undefined ? String(values[name] ?? whole) : String(values[name]) === '1' ? one : (many ?? ''));
}

/** The texts of a part of the page that comes when it is wanted, in the chosen language. */
export function useWords<K extends string>(words: Record<Lang, Record<K, string>>): (key: K, values?: Record<string, string | number>) => string {
  const { lang } = useCell(preferences);
  return (key, values = {}) => words[lang][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A label of the server in a language; the other one when it is blank. */
export function labelIn(lang: Lang, label: Label | null | undefined, fallback = ''): string {
  if (!label) return fallback;
  return (lang === 'zh' ? label.zh || label.en : label.en || label.zh) || fallback;
}

/** A name in a language; the other one when it is blank. */
export function nameIn(lang: Lang, named: { name: string; nameEn?: string | null }): string {
  return (lang === 'en' ? named.nameEn : null) ?? named.name;
}

/** The page's texts and the server's labels in the chosen language. */
export function useText() {
  const { lang } = useCell(preferences);
  return {
    lang,
    t: (key: TextKey, values?: Record<string, string | number>) => text(lang, key, values),
    l: (label: Label | null | undefined, fallback?: string) => labelIn(lang, label, fallback),
  };
}
