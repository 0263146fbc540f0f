// What is said in the scenes.

export const EN = {
  title: 'Loomwood help',
  welcome: 'Hello! Looking for something for your rooms?',
  prompts: ['Which rug suits a hallway?', 'How do I clean wool?', 'Where is my order?', 'Do you have gift cards?'],
  question: 'Which rug suits a narrow hallway?',
  answer: `For a hallway we would take a **flat weave**: doors pass over it, and it is easy to shake out.

- *Ridge* is our toughest wool
- *Fjord* can be cut to any length

| Runner | Size | Price |
| --- | --- | ---: |
| Ridge | 70 × 250 cm | €240 |
| Fjord | 80 × 300 cm | €310 |

Your own shop can ask us what is in stock:

\`\`\`sh
curl https://loomwood.example/stock/ridge
\`\`\`

Shall I show you the colours?`,
  short: 'Both are in stock, and delivery takes **three days**. If a runner does not fit, we take it back within 30 days and cover the return.',
  followUp: 'Is Ridge in stock?',
  first: 'For a hallway we would take a **flat weave**, such as *Ridge*: doors pass over it, and it is easy to shake out.',
};

export const AR = {
  title: 'مساعدة لوموود',
  welcome: 'مرحبًا! هل تبحث عن شيء يناسب منزلك؟',
  prompts: ['ما السجادة المناسبة للممر؟', 'كيف أنظّف الصوف؟', 'أين طلبي؟'],
  question: 'ما السجادة المناسبة لممر ضيّق؟',
  answer: `للممرات الضيّقة ننصح بالسجاد **المنسوج المسطّح**، فالأبواب تمرّ فوقه بسهولة.

1. *ريدج*: أمتن أنواع الصوف لدينا
2. *فيورد*: يُقصّ حسب الطول الذي تريده

| السجادة | المقاس | السعر |
| --- | --- | ---: |
| ريدج | 70 × 250 سم | 240 € |
| فيورد | 80 × 300 سم | 310 € |

هل ترغب في رؤية الألوان؟`,
};

export const JA = {
  title: 'ルームウッド サポート',
  welcome: 'こんにちは。お部屋に合うものをお探しですか？',
  prompts: ['廊下に合うラグは？', 'ウールのお手入れは？', '注文の状況を知りたい'],
  question: '狭い廊下に合うラグはどれですか？',
  answer: `細い廊下には**平織り**のランナーがおすすめです。ドアの開け閉めの邪魔になりません。

- リッジ：いちばん丈夫なウールです
- フィヨルド：ご希望の長さにお作りします

| ランナー | サイズ | 価格 |
| --- | --- | ---: |
| リッジ | 70 × 250 cm | 38,000円 |
| フィヨルド | 80 × 300 cm | 49,000円 |

お色もご案内しましょうか？`,
};
