// Shapes that the widget's files share. They are for `tsc --checkJs` only; nothing here is served.

/** Answer of `GET /api/widget-chat/init`. Keys that the owner left unset may be null. */
export interface WidgetConfig {
  widgetId: string;
  name: string;
  customization: Customization;
  /** Given where a session needs a solved challenge. */
  botCheck?: boolean;
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
  starterPrompts?: string[] | null;
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
  /** Where the browser keeps what it knows of the visitor's conversation. */
  storeKey?: string;
}

/** What the panel hands back to the loader; stable for the same reason. */
export interface Panel {
  open(focus?: boolean): void;
  close(): void;
  toggle(): void;
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
}

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
  draft?: string;
  /** Not confirmed by the server yet. */
  question?: Question;
}

declare global {
  interface RequestInit {
    priority?: 'high' | 'low' | 'auto';
  }
}
