/** The words of the first steps; they come with them. */
export const WORDS = {
  zh: {
    title: '开始使用', intro: '三步完成设置；每一步都可以跳过，以后在“系统”和“组织”中随时修改。', step: '第 {n} 步，共 3 步', next: '下一步', back: '上一步', skip: '跳过', finish: '完成', saving: '正在保存…',
    company: '公司', users: '用户', sample: '示例数据',
    name: '公司名称', nameHelp: '公司名称由运营方在租户中维护。', saved: '设置已保存',
    usersText: '一次添加多位同事。他们首次登录时须修改初始密码。', username: '用户名', fullName: '姓名', password: '初始密码', role: '角色', add: '再加一行', remove: '删除第 {n} 行', create: '创建 {n} 位用户', created: '已创建 {n} 位用户', row: '第 {n} 行',
    everything: '{cell}：全部权限', reading: '{cell}：只读', pass: '请把初始密码告诉本人；离开此页后不再显示。',
    sampleText: '示例公司是单独的一家公司，有客户、商品、库存和单据，供试用和培训。它的数据与贵公司的账完全分开：进入和关闭都不会在贵公司的账上留下任何记录。',
    opening: '正在准备示例公司…', open: '一键建立示例公司', reopen: '重新打开示例公司', go: '进入示例公司', close: '一键关闭示例公司', closeAsk: '关闭后没有人能再进入，数据保留；以后可以重新打开。', opened: '示例公司已准备好', closed: '示例公司已关闭', isSample: '您正在示例公司中。请切换回自己的公司来管理它。', none: '贵公司还没有应用，因此没有示例数据。',
  },
  en: {
    title: 'First steps', intro: 'Three steps; each can be skipped, and everything can be changed later under Organisation and System.', step: 'Step {n} of 3', next: 'Next', back: 'Back', skip: 'Skip', finish: 'Done', saving: 'Saving…',
    company: 'Company', users: 'Users', sample: 'Sample data',
    name: 'Name of the company', nameHelp: 'The operator keeps the name, with the tenant.', saved: 'Settings saved',
    usersText: 'Add several colleagues at once. They change the first password when they first sign in.', username: 'User name', fullName: 'Name', password: 'First password', role: 'Role', add: 'Another row', remove: 'Remove row {n}', create: 'Create {n} users', created: '{n} users created', row: 'Row {n}',
    everything: '{cell}: everything', reading: '{cell}: reading only', pass: 'Tell each person the first password; it is not shown again once you leave this page.',
    sampleText: 'The sample company is a company of its own, with customers, products, stock and documents, to try things out and to train. It is kept apart from your books: neither opening nor closing it leaves a trace in them.',
    opening: 'Preparing the sample company…', open: 'Make a sample company', reopen: 'Open the sample company again', go: 'Go to the sample company', close: 'Close the sample company', closeAsk: 'Nobody can enter it then; its data stays, and it can be opened again.', opened: 'The sample company is ready', closed: 'The sample company is closed', isSample: 'You are in the sample company. Switch to your own to manage it.', none: 'Your company has no applications yet, so there is no sample data.',
  },
};
