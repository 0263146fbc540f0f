(() => { const panel = '__PANEL_PATH__'; void panel; })();
