/** The texts of the closing of periods. */
export const WORDS = {
  zh: {
    year: '年度', month: '期间', open: '尚未了结', none: '没有未了结的单据', nothing: '还没有会计期间', create: '新建会计期间', list: '期间列表',
    steps: '操作', books: '科目余额表', waits: '正在检查…', may: '可以{action}。', mayNot: '现在不能{action}', still: '本期间还有 {n} 张单据未了结。{action}后，需先改到开放的期间才能继续处理：',
    failed: '统计失败', earlier: '更早的期间仍为开放：{months}', ask: '{action} {month}', done: '{month}：{action}完成',
  },
  en: {
    year: 'Year', month: 'Period', open: 'Still open', none: 'Nothing stands open', nothing: 'There are no accounting periods yet', create: 'New accounting period', list: 'List of periods',
    steps: 'Steps', books: 'Trial balance', waits: 'Checking…', may: 'This can be done.', mayNot: 'This cannot be done now', still: '{n} documents of this period still stand open. Afterwards they must be moved to an open period before work on them goes on:',
    failed: 'Could not be counted', earlier: 'Earlier periods are still open: {months}', ask: '{action} {month}', done: '{month}: {action} done',
  },
} as const;
