import chat from "../../../locales/de/chat.ftl?raw";
import common from "../../../locales/de/common.ftl?raw";
import door from "../../../locales/de/door.ftl?raw";

export default [common, door, chat].join("\n");
