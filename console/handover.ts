/** The page that hands a key over, once. */
document.getElementById("handover")?.append("Not yet.");
