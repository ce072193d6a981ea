import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n";
import { IconButton } from "./controls";

interface DialogProps {
  title: string;
  onClose(): void;
  /** With a submit handler the dialog is a form. */
  onSubmit?(): void;
  actions?: ComponentChildren;
  testid?: string;
  children: ComponentChildren;
}

/** A modal window: the browser keeps the focus inside, Esc closes, the focus returns to where it was. */
export function Dialog({ title, onClose, onSubmit, actions, testid, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const inner = (
    <>
      <div class="dialog-body">{children}</div>
      {actions && <div class="actions">{actions}</div>}
    </>
  );
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={heading}
      data-testid={testid}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <header>
        <h2 id={heading} class="grow">
          {title}
        </h2>
        <IconButton name="x" label={t("close")} onClick={onClose} />
      </header>
      {onSubmit ? (
        <form
          class="dialog-form"
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          {inner}
        </form>
      ) : (
        inner
      )}
    </dialog>
  );
}
