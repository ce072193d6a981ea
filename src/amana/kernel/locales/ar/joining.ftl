error-room-link-not-found = لا يوجد رابط كهذا.
error-link-used-up = استُنفد هذا الرابط. يُرجى طلب رابط جديد.
error-link-expired = انتهت صلاحية هذا الرابط. يُرجى طلب رابط جديد.
error-link-revoked = لم يعد هذا الرابط يعمل. يُرجى طلب رابط جديد.
error-link-expiry-invalid = اختر وقتًا خلال الأيام القادمة، والحد الأقصى بالأيام هو { $limit }.
error-too-many-links = بلغ عدد روابط هذه الغرفة حدَّه الأقصى، وهو { $limit }. ألغِ أحدها أولًا.
error-join-not-found = لم يعد هناك ما يُجاب عنه.
