error-not-in-log = لا يحتوي السجل على هذا القيد.
