# المحادثات.
new-chat = محادثة جديدة
new-group = مجموعة جديدة
new-direct = محادثة مباشرة جديدة
filter = تصفية المحادثات بالاسم
filter-all = الكل
filter-unread = غير مقروءة
filter-none = لا نتائج
filter-none-text = لا توجد محادثة مطابقة. جرّب كلمة أخرى.
filter-people = تصفية الأشخاص بالاسم
draft = مسودة:
untitled = مجموعة بلا اسم
direct-chat = محادثة مباشرة
unread-chats = { $count ->
    [zero] لا محادثات فيها رسائل غير مقروءة
    [one] محادثة واحدة فيها رسائل غير مقروءة
    [two] محادثتان فيهما رسائل غير مقروءة
    [few] { $count } محادثات فيها رسائل غير مقروءة
    [many] { $count } محادثة فيها رسائل غير مقروءة
   *[other] { $count } محادثة فيها رسائل غير مقروءة
}
unread-messages = { $count ->
    [zero] لا رسائل غير مقروءة
    [one] رسالة واحدة غير مقروءة
    [two] رسالتان غير مقروءتين
    [few] { $count } رسائل غير مقروءة
    [many] { $count } رسالة غير مقروءة
   *[other] { $count } رسالة غير مقروءة
}
no-chats-title = لا محادثات بعد
no-chats-text = ابدأ مجموعة، أو ادعُ أول زميل.
pick-title = اختر محادثة
pick-text = محادثاتك في القائمة.

group-title = اسم المجموعة
group-purpose = الغرض
group-purpose-hint = جملة واحدة: ما الغرض من هذه المجموعة؟
group-history = يمكن للأعضاء الجدد قراءة
group-members = الأشخاص
history-all = كل شيء، حتى ما قبل انضمامهم
history-since-joining = ما يُكتب بعد انضمامهم فقط
history-days = { $days ->
    [zero] ما يُكتب بعد انضمامهم فقط
    [one] اليوم الأخير قبل انضمامهم وكل ما يليه
    [two] آخر يومين قبل انضمامهم وكل ما يليهما
    [few] آخر { $days } أيام قبل انضمامهم وكل ما يليها
    [many] آخر { $days } يومًا قبل انضمامهم وكل ما يليها
   *[other] آخر { $days } يوم قبل انضمامهم وكل ما يليها
}
people-none = لا أحد غيرك هنا بعد. ادعُ أول زميل.
people-alone-title = أنت وحدك هنا
people-alone-text = ادعُ الزملاء برابط؛ لا يحتاجون إلى رقم هاتف ولا إلى تثبيت شيء.
people-count = { $count ->
    [zero] لا أشخاص
    [one] شخص واحد
    [two] شخصان
    [few] { $count } أشخاص
    [many] { $count } شخصًا
   *[other] { $count } شخص
}

invite-text = من يفتح الرابط ينضم إلى مؤسستك.
invite-room = من يفتح الرابط ينضم إلى مؤسستك وإلى «{ $room }».
invite-uses = لكم شخصًا؟
invite-people = { $count ->
    [zero] لا أحد
    [one] لشخص واحد
    [two] لشخصين
    [few] لعدد { $count } أشخاص
    [many] لعدد { $count } شخصًا
   *[other] لعدد { $count } شخص
}
invite-lifetime = كم تدوم صلاحيته؟
invite-hour = ساعة واحدة
invite-day = يوم واحد
invite-week = أسبوع واحد
invite-create = إنشاء رابط
invite-ready = دعوة
invite-link = رابط الدعوة
invite-qr = الرابط نفسه رمزًا للمسح

can-read = { $count ->
    [zero] لا يقرأ أحد
    [one] يقرؤها شخص واحد
    [two] يقرؤها شخصان
    [few] يقرؤها { $count }
    [many] يقرؤها { $count }
   *[other] يقرؤها { $count }
}
sealed = مختوم
who-sees = ماذا يرى الآخرون؟
fact-members = { $count ->
    [zero] لا أحد يمكنه القراءة
    [one] أنت وحدك يمكنك القراءة
    [two] يمكن لعضوين القراءة
    [few] يمكن لعدد { $count } أعضاء القراءة
    [many] يمكن لعدد { $count } عضوًا القراءة
   *[other] يمكن لعدد { $count } عضو القراءة
}
fact-members-text = يرى المسؤولون من هم هنا، ولا يرون أبدًا ما يُقال
fact-history = يمكن للأعضاء الجدد قراءة
fact-retention = الرسائل لا تبقى
fact-retention-text = { $days ->
    [zero] تُمحى بعد { $days } يوم.
    [one] تُمحى بعد يوم واحد.
    [two] تُمحى بعد يومين.
    [few] تُمحى بعد { $days } أيام.
    [many] تُمحى بعد { $days } يومًا.
   *[other] تُمحى بعد { $days } يوم.
}
fact-sealed = مخزَّن مشفَّرًا
fact-sealed-text = لكل رسالة مفتاحها الخاص
members = الأعضاء
owner = المالك
add-people = إضافة أشخاص
leave = مغادرة
leave-title = هل تريد مغادرة هذه المجموعة؟
leave-text = لن يمكنك القراءة أو الكتابة هنا بعد ذلك. ما كتبته يبقى.

messages = الرسائل
message-menu = إجراءات لهذه الرسالة
write-to = رسالة إلى { $room }
characters-left = الأحرف المتبقية: { $count }
editing = تعديل الرسالة
edited = معدَّلة
new-messages = { $count ->
    [zero] لا جديد
    [one] رسالة جديدة
    [two] رسالتان جديدتان
    [few] { $count } رسائل جديدة
    [many] { $count } رسالة جديدة
   *[other] { $count } رسالة جديدة
}
to-end = { $count ->
    [0] إلى أحدث رسالة
    [zero] إلى أحدث رسالة
    [one] إلى أحدث رسالة، واحدة جديدة
    [two] إلى أحدث رسالة، اثنتان جديدتان
    [few] إلى أحدث رسالة، { $count } جديدة
    [many] إلى أحدث رسالة، { $count } جديدة
   *[other] إلى أحدث رسالة، { $count } جديدة
}
quote-earlier = رسالة سابقة
not-sent = لم تُرسل:
removed = أُزيلت الرسالة
removed-by = أزال { $person } هذه الرسالة
removed-by-you = أزلتَ هذه الرسالة
unreadable-erased = مُحيت هذه الرسالة.
erased-person = شخص مُحيت بياناته
unreadable-damaged = لا يمكن قراءة هذه الرسالة. تم الإبلاغ عن التلف.
remove-title = هل تريد إزالة هذه الرسالة؟
remove-text = ستختفي لدى الجميع في هذه المحادثة. ويبقى ظاهرًا أن رسالة كانت هنا.
tick-queued = في الانتظار
tick-failed = لم تُرسل
tick-sent = أُرسلت
tick-seen = قرأها { $count } من { $of }
tick-read = مقروءة

room-failed = لم تُحمَّل الرسائل. ما كتبته محفوظ.
room-empty-title = لم يُكتب شيء بعد
room-empty-text = { $count ->
    [zero] لا أحد يقرأ هنا بعد.
    [one] حتى الآن أنت وحدك يمكنك القراءة هنا.
    [two] ما تكتبه هنا يمكن لشخصين قراءته.
    [few] ما تكتبه هنا يمكن لعدد { $count } أشخاص قراءته.
    [many] ما تكتبه هنا يمكن لعدد { $count } شخصًا قراءته.
   *[other] ما تكتبه هنا يمكن لعدد { $count } شخص قراءته.
}
room-gone-title = لست في هذه المحادثة
room-gone-text = إما أنها غير موجودة، أو أنك لم تعد عضوًا فيها.

event-created = { $mine ->
    [yes] بدأتَ هذه المحادثة
   *[no] بدأ { $actor } هذه المحادثة
}
event-renamed = { $mine ->
    [yes] سمّيتَ المجموعة «{ $title }»
   *[no] سمّى { $actor } المجموعة «{ $title }»
}
event-retention = { $mine ->
    [yes] اخترتَ محو الرسائل بعد { $days ->
        [zero] { $days } يوم
        [one] يوم واحد
        [two] يومين
        [few] { $days } أيام
        [many] { $days } يومًا
       *[other] { $days } يوم
    }
   *[no] اختار { $actor } محو الرسائل بعد { $days ->
        [zero] { $days } يوم
        [one] يوم واحد
        [two] يومين
        [few] { $days } أيام
        [many] { $days } يومًا
       *[other] { $days } يوم
    }
}
event-retention-off = { $mine ->
    [yes] اخترتَ إبقاء الرسائل
   *[no] اختار { $actor } إبقاء الرسائل
}
event-changed = { $mine ->
    [yes] غيّرتَ الإعدادات
   *[no] غيّر { $actor } الإعدادات
}
event-joined = { $mine ->
    [yes] انضممتَ
   *[no] انضم { $person }
}
event-added = { $mine ->
    [yes] أضفتَ { $person }
   *[no] أضاف { $actor } { $person }
}
event-added-you = أضافك { $actor }
event-left = { $mine ->
    [yes] غادرتَ
   *[no] غادر { $person }
}
event-removed = { $mine ->
    [yes] أزلتَ { $person }
   *[no] أزال { $actor } { $person }
}
event-owner = { $mine ->
    [yes] جعلتَ { $person } مالكًا
   *[no] جعل { $actor } { $person } مالكًا
}
