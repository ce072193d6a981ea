import chat from "../../../locales/et/chat.ftl?raw";
import common from "../../../locales/et/common.ftl?raw";
import door from "../../../locales/et/door.ftl?raw";

export default [common, door, chat].join("\n");
