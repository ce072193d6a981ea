# صفحات من لم يدخل بعد.
setup-title = إعداد أمانة
setup-text = ستكون أنت المالك. يمكنك دعوة الزملاء بعد ذلك مباشرة.
setup-organisation = اسم مؤسستك
setup-name = اسمك
setup-address = عنوان أمانة هو { $origin }. ترتبط به الروابط ومفاتيح المرور، وهو عنوان دائم.
setup-submit = ابدأ
setup-bad = رابط الإعداد هذا غير صالح

join = انضمام
join-title = { $inviter } يدعوك إلى { $organisation }
join-title-plain = مرحبًا بك في { $organisation }
join-room = ستنضم إلى «{ $room }».
join-until = صالح حتى { $time }
join-bad = هذه الدعوة غير صالحة
join-point-install = لا شيء للتثبيت
join-point-install-text = بلا رقم هاتف ولا متجر تطبيقات.
join-point-read = ترى من يمكنه القراءة
join-point-read-text = في كل محادثة، بكلمات واضحة.
join-point-key = محفوظ بختم
join-point-key-text = ما تكتبه يُخزَّن مشفَّرًا.
join-name-title = بأي اسم يناديك الزملاء؟
join-name-text = سيرى الزملاء هذا الاسم. يمكنك تغييره لاحقًا.
join-name-note = يبقى اسمك مع ما تكتبه.
join-key-title = كيف تريد تسجيل الدخول؟
join-key-text = كلتا الطريقتين كاملتان. يمكنك إضافة الأخرى لاحقًا.
join-submit = انضمام
have-account = لدي حساب
step-of = الخطوة { $step } من { $of }

credential-legend = طريقة تسجيل الدخول
credential-passkey = مفتاح مرور
credential-passkey-text = بصمتك أو وجهك أو رمز هذا الجهاز. لا شيء للحفظ.
credential-password = كلمة مرور
credential-password-text = تعمل على كل جهاز، مع اسم الدخول.
create-passkey = إنشاء مفتاح مرور
passkeys-missing = لا يمكن لهذا المتصفح استخدام مفاتيح المرور هنا، فيُرجى اختيار كلمة مرور.
passkey-cancelled = لم يُستخدم مفتاح المرور. أعد المحاولة أو اختر كلمة مرور.
password-hint = 10 أحرف على الأقل. عدة كلمات خيار جيد.

handle-title = اسم الدخول الخاص بك
handle-text = بهذا الاسم وكلمة المرور تسجل الدخول على الأجهزة الأخرى. يُرجى تدوينه.
handle-continue = فتح المحادثات

sign-in-title = مرحبًا بعودتك
sign-in-passkey = تسجيل الدخول بمفتاح المرور
sign-in-password = تسجيل الدخول بكلمة المرور
sign-in-help = لم يعد لديك وصول؟ اسأل من يدير أمانة في مؤسستك.
