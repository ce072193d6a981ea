error-section-not-found = لا يوجد مجلد كهذا.
error-section-name-required = يُرجى تسمية المجلد.
error-section-order-invalid = تغيّرت مجلداتك على جهاز آخر. يُرجى تحميلها من جديد.
error-too-many-sections = عدد مجلداتك بلغ الحد الأقصى وهو { $limit }. يُرجى إزالة أحدها أولًا.
error-too-many-stars = عدد رسائلك المميَّزة بنجمة بلغ الحد الأقصى وهو { $limit }. يُرجى إزالة بعض النجوم أولًا.
error-too-many-pinned = عدد المحادثات المثبَّتة في الأعلى بلغ الحد الأقصى وهو { $limit }. يُرجى إنزال إحداها أولًا.
error-too-many-reminders = عدد تذكيراتك بلغ الحد الأقصى وهو { $limit }. يُرجى إنهاء بعضها أولًا.
error-reminder-not-found = لا يوجد تذكير كهذا.
