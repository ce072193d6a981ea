error-name-invalid =
    { $reason ->
        [empty] يُرجى إدخال اسم.
        [length] هذا الاسم طويل جدًا: الحد الأقصى { $max_characters } حرفًا.
       *[other] يحتوي هذا الاسم على رموز لا يمكن عرضها بأمان.
     }
error-password-too-short = يجب ألا تقل كلمة المرور عن { $min_characters } أحرف. الجملة القصيرة كلمة مرور جيدة.
error-password-too-long = يجب ألا تزيد كلمة المرور على { $max_characters } حرفًا.
error-password-too-common = كلمة المرور هذه من أول ما يُخمَّن. يُرجى اختيار كلمة أخرى.
error-sign-in-method-missing = يُرجى اختيار مفتاح مرور أو كلمة مرور لتتمكن من العودة.
error-passkey-refused = تعذّر التحقق من مفتاح المرور. يُرجى المحاولة مرة أخرى.
error-passkey-known = مفتاح المرور هذا مسجَّل من قبل، أو أنك بلغت الحد الأقصى من مفاتيح المرور.
error-passkey-not-found = لا يوجد مفتاح مرور كهذا، أو أنه أُزيل من قبل.
error-last-sign-in-method = هذه وسيلتك الوحيدة لتسجيل الدخول. يُرجى إضافة مفتاح مرور آخر أو كلمة مرور أولًا.
error-confirmation-required = يُرجى تسجيل الدخول مرة أخرى أولًا: لا يمكن ذلك إلا بعد تسجيل الدخول مباشرة أو باستخدام كلمة مرورك.
error-sign-in-failed = تعذّر تسجيل الدخول. يُرجى التحقق من الاسم وكلمة المرور أو استخدام مفتاح المرور.
error-sign-in-throttled = المحاولات كثيرة جدًا. يُرجى المحاولة مرة أخرى بعد { $retry_after_s } ثانية.
error-sign-in-busy = يسجّل كثيرون الدخول الآن. يُرجى المحاولة بعد لحظات.
error-not-set-up = لم يتم إعداد هذا النظام بعد.
error-setup-unknown = رابط الإعداد هذا غير صالح. يعرض الخادم رابطًا جديدًا عند كل تشغيل.
error-setup-used = تم إعداد هذا النظام من قبل. اطلب دعوة من مالكه.
error-setup-expired = انتهت صلاحية رابط الإعداد. أعد تشغيل الخادم للحصول على رابط جديد.
error-invitation-unknown = لا توجد دعوة كهذه. يُرجى التأكد من أن الرابط كامل.
error-invitation-used-up = استُخدمت هذه الدعوة من قبل. اطلب دعوة جديدة.
error-invitation-expired = انتهت صلاحية هذه الدعوة. اطلب دعوة جديدة.
error-invitation-revoked = سُحبت هذه الدعوة. اسأل من أعطاك إياها.
error-role-too-high = لا يمكنك منح سوى أدوار أدنى من دورك.
error-last-owner = يجب أن يبقى للمؤسسة مالك واحد على الأقل. عيّن مالكًا آخر أولًا.
error-not-permitted = لا يُسمح لك بهذا الإجراء. يستطيع مدير النظام القيام به.
error-session-not-found = لا يوجد جهاز كهذا، أو سُجّل خروجه من قبل.
error-api-token-not-found = لا يوجد رمز كهذا، أو أنه أُنهي من قبل.
error-too-many-api-tokens = لديك { $limit } رمزًا، وهذا هو الحد الأقصى. يُرجى إنهاء أحدها أولًا.
error-scope-too-wide = لا يستطيع هذا الرمز منح أكثر مما يملك: { $scopes }
