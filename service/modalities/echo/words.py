"""The words of a page that only an echo study has, by language."""

from collections.abc import Mapping

TITLES: Mapping[str, str] = {"en": "ECHOCARDIOGRAPHY REPORT (DRAFT)", "de": "ECHOKARDIOGRAPHIE-BEFUND (ENTWURF)"}
