import { describe, expect, it } from 'vitest';
import { newsOf, type Notice } from '../src/app/notices';

const notice = (id: string, at: string): Notice => ({
  id, at, actor: { id: 'a', name: '王芳' }, action: 'confirm', label: '确认', type: 'slip', resource: 'slips', subject: { id: 's', number: 'S1' }, seen: false,
});

describe('news', () => {
  it('are those of all cells, newest first, and keep their cell', () => {
    const news = newsOf([
      { cell: 'one', data: [notice('3', '2026-11-24T10:00:00Z'), notice('1', '2026-11-24T08:00:00Z')] },
      { cell: 'two', data: [notice('2', '2026-11-24T09:00:00Z'), notice('4', '2026-11-24T08:00:00Z')] },
    ]);
    expect(news.map((n) => n.cell + n.id)).toEqual(['one3', 'two2', 'two4', 'one1']);
  });
});
