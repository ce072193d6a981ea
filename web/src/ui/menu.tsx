import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icon";
import type { IconName } from "./icons";

export interface MenuItem {
  readonly label: string;
  readonly icon: IconName;
  readonly flip?: boolean;
  readonly bad?: boolean;
  readonly testid?: string;
  choose(): void;
}

export interface MenuPlace {
  /** Where the focus goes back to. */
  readonly from: HTMLElement;
  readonly x: number;
  readonly y: number;
}

/** Actions at a point of the screen (a sheet on phones); arrow keys move, Esc and a click outside close. */
export function Menu({ label, items, place, onClose }: { label: string; items: readonly MenuItem[]; place: MenuPlace; onClose(): void }) {
  const element = useRef<HTMLDivElement>(null);
  const closing = useRef(onClose);
  closing.current = onClose;

  useEffect(() => {
    const menu = element.current;
    if (!menu) return;
    menu.showPopover();
    if (matchMedia("(min-width: 640px)").matches) moveInside(menu, place);
    menu.querySelector("button")?.focus();
    // The browser's own "light dismiss" would close the menu when the finger that held the message lets go.
    const pressed = (event: Event) => {
      if (menu.contains(event.target as Node)) return;
      event.preventDefault();
      swallowNextClick();
      closing.current();
    };
    document.addEventListener("pointerdown", pressed, true);
    return () => {
      document.removeEventListener("pointerdown", pressed, true);
      const lost = document.activeElement === document.body || menu.contains(document.activeElement);
      if (lost && place.from.isConnected) place.from.focus({ preventScroll: true });
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(element.current?.querySelectorAll("button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      buttons.at(next % buttons.length)?.focus();
    } else if (event.key === "Tab" || event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      onClose();
    }
  };
  return (
    <div ref={element} class="menu" popover="manual" role="menu" aria-label={label} data-testid="menu" onKeyDown={onKeyDown}>
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={item.bad ? "bad" : undefined}
          data-testid={item.testid}
          onClick={() => {
            onClose();
            item.choose();
          }}
        >
          <Icon name={item.icon} flip={item.flip} />
          {item.label}
        </button>
      ))}
    </div>
  );
}

/** The press that closes a menu does nothing else. */
function swallowNextClick(): void {
  const swallow = (event: Event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, true), 400);
}

/** Wholly inside the window, beside the point. Screen coordinates have no reading direction. */
function moveInside(menu: HTMLElement, place: MenuPlace): void {
  const { width, height } = menu.getBoundingClientRect();
  const x = Math.max(8, Math.min(place.x, innerWidth - width - 8));
  const y = Math.max(8, Math.min(place.y, innerHeight - height - 8));
  const rtl = document.documentElement.dir === "rtl";
  menu.style.insetInlineStart = `${rtl ? innerWidth - x - width : x}px`;
  menu.style.insetBlockStart = `${y}px`;
}
