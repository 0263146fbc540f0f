// Shapes that the widget's files share. They are for `tsc --checkJs` only; nothing here is served.

/** Answer of `GET /api/widget-chat/init`. Keys that the owner left unset may be null. */
export interface WidgetConfig {
  widgetId: string;
  name: string;
  customization: Customization;
  /** Given where a session needs a solved challenge. */
  botCheck?: boolean;
  /** Given where the page may say something of itself to the model. */
  pageContext?: boolean;
}

export interface Customization {
  primaryColor?: string | null;
  backgroundColor?: string | null;
  textColor?: string | null;
  agentMessageBackground?: string | null;
  userMessageBackground?: string | null;
  title?: string | null;
  welcomeMessage?: string | null;
  inputPlaceholder?: string | null;
  position?: string | null;
  avatarUrl?: string | null;
  theme?: string | null;
  locale?: string | null;
  starterPrompts?: string[] | null;
  /** Declarations of the widget's own custom properties. */
  customCss?: string | null;
  /** By language, what the widget is to say in place of its own texts. */
  strings?: Record<string, Texts> | null;
}

/** Texts by their names in `languages/en.json`. */
export type Texts = Partial<Record<keyof typeof import('./languages/en.json'), string>>;

/** One widget, or the first of a page, for the page's own scripts: a verb and its values. */
export type Run = (verb: string, ...values: any[]) => void;

/** The widgets of a page by their embed tokens. */
export type Widgets = Map<string, Run>;

/** `window.Chatloom`. */
export interface Global {
  (...call: any[]): void;
  /** Calls that a stub keeps for later. */
  q?: any[][];
  get?: (token: string) => Run | undefined;
  widgets?: Widgets;
}

/** What the loader hands to the panel. Cached loaders meet newer panels, so keys are only ever added. */
export interface MountContext {
  root: ShadowRoot;
  launcher: HTMLButtonElement;
  base: string;
  token: string;
  config: WidgetConfig;
  /** Proof of who the visitor is, if the page gives one: a token that its server has signed. */
  identity?: string;
  /** Language tag of what the widget says. */
  language?: string;
  /** What the owner has it say in that language instead. */
  texts?: Texts;
  /** Tells the page that something has happened. */
  emit?: (name: string, detail: object) => void;
  /** Whether the panel fills an element of the page, without a launcher. */
  isInline?: boolean;
  /** What the page has said of itself so far. */
  pageContext?: () => object;
}

/** What the panel hands back to the loader; stable for the same reason. */
export interface Panel {
  open(focus?: boolean): void;
  close(): void;
  toggle(): void;
  /** Asks a question for the visitor. */
  send(text: string): void;
  /** Puts a text into the box. */
  prefill(text: string): void;
  /** Goes on with a newer proof of the same visitor; false where it is of somebody else. */
  identify(proof?: string): boolean;
  /** Leaves no listener, timer or connection behind. */
  destroy(): void;
}

export interface Message {
  id: string;
  role: 'user' | 'assistant';
  content: string;
  createdAt: string;
  /** Absent once the message is complete. */
  status?: 'streaming' | 'interrupted' | 'failed';
  /** The turn that writes or wrote it; absent once the message is complete. */
  turnId?: string;
  /** What the visitor thinks of an answer. */
  feedback?: Rating;
}

export type Rating = 'good' | 'bad';

/** What the visitor asks. The server takes a question once, however often it arrives with its key. */
export interface Question {
  key: string;
  text: string;
}

export interface Session {
  sessionId: string;
  /** Absent where the visitor's identity opens it, and this browser did not make it. */
  sessionSecret?: string;
}

export interface StreamEvent {
  name: string;
  data: string;
  id: string;
}

/** What the browser keeps for a widget: how to find the conversation again, never the conversation itself. */
export interface Saved {
  visitorId?: string;
  /** Empty where the visitor has left a conversation for a new one that has not begun. */
  sessionId?: string;
  sessionSecret?: string;
  /** The newest turn and its generation, for other tabs to notice. */
  turn?: string;
  open?: boolean;
  /** Whether an answer was being written when the page was left. */
  waiting?: boolean;
  /** Whether an answer has come while the panel was closed. */
  unread?: boolean;
  draft?: string;
  /** Not confirmed by the server yet. */
  question?: Question;
}

declare global {
  interface RequestInit {
    priority?: 'high' | 'low' | 'auto';
  }
}
