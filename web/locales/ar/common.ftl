# كلمات كل صفحة.
language = اللغة
back = رجوع
close = إغلاق
cancel = إلغاء
continue = متابعة
create = إنشاء
add = إضافة
done = تم
copy = نسخ
copied = تم النسخ.
copy-failed = لا يسمح هذا المتصفح بالنسخ. يُرجى تحديد النص ونسخه يدويًا.
edit = تعديل
delete = حذف
remove = إزالة
reply = رد
retry = إعادة المحاولة
send = إرسال
or = أو
you = أنت
name = الاسم
handle = اسم الدخول
password = كلمة المرور
somebody = شخص ما
loading = جارٍ التحميل
try-again = إعادة المحاولة
try-now = المحاولة الآن
details = التفاصيل
invite = دعوة
failed-title = تعذّر الفتح
failed-text = لم يضع شيء: ما كتبته محفوظ على هذا الجهاز. يُرجى إعادة المحاولة.
failed-code = لم ينجح ذلك ({ $code }).
unreachable = لا يمكن الوصول إلى الخادم. يُرجى التحقق من الشبكة وإعادة المحاولة.

chats = المحادثات
people = الأشخاص
me = أنا
today = اليوم، { $date }
yesterday = أمس، { $date }

offline = في انتظار الشبكة.
offline-text = يمكنك متابعة الكتابة.
offline-waiting = { $count ->
    [zero] يمكنك متابعة الكتابة.
    [one] يمكنك متابعة الكتابة؛ ستُرسل رسالة واحدة تلقائيًا.
    [two] يمكنك متابعة الكتابة؛ ستُرسل رسالتان تلقائيًا.
    [few] يمكنك متابعة الكتابة؛ ستُرسل { $count } رسائل تلقائيًا.
    [many] يمكنك متابعة الكتابة؛ ستُرسل { $count } رسالة تلقائيًا.
   *[other] يمكنك متابعة الكتابة؛ ستُرسل { $count } رسالة تلقائيًا.
}

appearance = المظهر
theme-system = مثل الجهاز
theme-light = فاتح
theme-dark = داكن
devices = الأجهزة
device = جهاز
this-device = هذا الجهاز
last-used = آخر استخدام: { $time }
add-passkey = إضافة مفتاح مرور
passkey-added = مفتاح المرور جاهز. يمكنك تسجيل الدخول به من الآن.
sign-out = تسجيل الخروج
sign-out-title = هل تريد تسجيل الخروج من هذا الجهاز؟
sign-out-text = تبقى محادثاتك على الخادم. للعودة تحتاج إلى مفتاح المرور أو كلمة المرور.
sign-out-waiting = { $count ->
    [zero] لا توجد رسائل في الانتظار.
    [one] لم تُرسل رسالة واحدة بعد وستضيع.
    [two] لم تُرسل رسالتان بعد وستضيعان.
    [few] لم تُرسل { $count } رسائل بعد وستضيع.
    [many] لم تُرسل { $count } رسالة بعد وستضيع.
   *[other] لم تُرسل { $count } رسالة بعد وستضيع.
}
