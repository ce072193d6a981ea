error-invalid = Päring ei ole õige ja kordamine ei aita.
error-gone = See on ära kasutatud, aegunud või tagasi võetud.
error-conflict = Praeguses seisus ei ole see võimalik.
error-too-large = See on lubatust suurem.
