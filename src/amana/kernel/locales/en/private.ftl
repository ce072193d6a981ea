error-section-not-found = There is no such folder.
error-section-name-required = Give the folder a name.
error-section-order-invalid = Your folders have changed on another device. Please load them again.
error-too-many-sections = You have { $limit } folders already. Take one away first.
error-too-many-stars = You have { $limit } starred messages already. Take some stars away first.
error-too-many-pinned = { $limit } conversations are on top already. Take one down first.
error-too-many-reminders = You have { $limit } reminders already. End some of them first.
error-reminder-not-found = There is no such reminder.
