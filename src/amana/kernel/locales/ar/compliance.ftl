error-erasure-not-found = لم يطلب أحد محو بيانات هذا الشخص.
