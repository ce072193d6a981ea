error-poll-options-invalid = يُرجى إدخال { $least } إلى { $limit } من الخيارات المختلفة، لا يزيد كل منها على { $length } من الأحرف.
error-poll-time-invalid = يُرجى اختيار وقت خلال الأيام القادمة، في حدود { $days } يومًا.
error-poll-not-found = لا يوجد استطلاع كهذا.
error-poll-closed = هذا الاستطلاع مغلق.
error-poll-choice-invalid = يُرجى الاختيار مما يعرضه الاستطلاع.
error-already-voted = لقد صوّتم من قبل. لا يمكن تغيير صوت مجهول.
error-poll-damaged = الأصوات المخزَّنة تالفة. يُرجى إبلاغ المسؤول لديكم.
error-message-is-fixed = لا يمكن تعديل استطلاع. يُرجى إزالته ونشر استطلاع جديد.
