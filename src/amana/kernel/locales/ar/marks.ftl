error-edit-window-over = لا تسمح قواعد هذه الغرفة بعد الآن بتعديل هذه الرسالة.
error-removal-restricted = { $rule ->
    [owners] في هذه الغرفة لا يحذف الرسائل إلا مالكوها.
   *[other] في هذه الغرفة لا يحذف كل شخص إلا رسائله.
 }
error-emoji-invalid = اختر رمزًا تعبيريًا واحدًا.
error-too-many-reactions = أقصى عدد للرموز المختلفة على الرسالة هو { $limit }. اختر واحدًا من الرموز الموجودة.
error-reaction-not-found = لا يوجد هذا التفاعل.
error-pinning-restricted = لا يثبّت الرسائل إلا المسؤولون عن هذه الغرفة.
error-too-many-pins = أقصى عدد للرسائل المثبّتة هو { $limit }. ألغِ تثبيت رسالة أولًا.
error-forwarding-off = لا يُسمح بإعادة توجيه رسائل هذه الغرفة.
error-forwarding-impossible = لا يمكن إعادة توجيه هذه الرسالة.
error-too-many-targets = أعد التوجيه إلى { $limit } محادثة كحد أقصى في المرة الواحدة.
error-forwarded-is-fixed = لا يمكن تعديل رسالة أُعيد توجيهها.
