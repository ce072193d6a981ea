import chat from "../../../locales/ar/chat.ftl?raw";
import common from "../../../locales/ar/common.ftl?raw";
import door from "../../../locales/ar/door.ftl?raw";

export default [common, door, chat].join("\n");
