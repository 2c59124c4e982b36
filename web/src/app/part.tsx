import { lazyRouteComponent, type AsyncRouteComponent } from '@tanstack/react-router';
import { Button } from 'antd';
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import { useText } from '../i18n';
import { Failure, Notice } from './notice';

/**
 * Stands where a part of the page could not be fetched: the program was renewed meanwhile, or the network is away. It
 * takes the place of that part only; a form around it stays, and what was typed is kept in this browser.
 */
export function Missing() {
  const { t } = useText();
  return (
    <div role="alert" data-testid="part-missing">
      <Notice title={t('part.missing')} text={t('part.missing.text')}>
        <Button type="primary" onClick={() => location.reload()}>{t('part.reload')}</Button>
      </Notice>
    </div>
  );
}

/** What went wrong while a place was drawn, instead of a blank. */
export function Broken({ error }: { error: unknown }) {
  const { t } = useText();
  return <Failure error={error}><Button type="primary" onClick={() => location.reload()}>{t('part.reload')}</Button></Failure>;
}

/** A part of the page that is fetched when it is wanted; where it cannot be, `instead` stands, usually {@link Missing}. */
export function part<P extends object>(load: () => Promise<ComponentType<P>>, instead: ComponentType<P> = Missing): LazyExoticComponent<ComponentType<P>> {
  return lazy(async () => ({ default: await load().catch(() => instead) }));
}

/** A place that is fetched when somebody goes there, or is about to. */
export function place<T extends object>(load: () => Promise<T>, name: keyof T): AsyncRouteComponent<object> {
  return lazyRouteComponent(async (): Promise<{ default: ComponentType }> => ({ default: await load().then((m) => m[name] as ComponentType, () => Missing) }));
}

/** For parts of which nobody misses anything. */
export function Nothing() {
  return null;
}
