"""Volumes bound into PDFs: the job that counts pages, arranges, prints, binds and files them.

It holds one picture at a time; whatever is large stays on the disk. Broken off at any place it is
done anew, and nothing of it stands in the case before all of it does.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from fireinvest.documents.binding import (
    Part,
    PicturePage,
    Sheet,
    Unbindable,
    bind,
    count_pages,
    count_pictures,
    pages_of,
    pictures,
)
from fireinvest.documents.portable import NotPrinted, pdfs_of
from fireinvest.gateways.blobs import Blobs
from fireinvest.messages import Faulty, Problem, Text, Words, render
from fireinvest.regulation.profile import Issuer
from fireinvest.regulation.rulesets import Law
from fireinvest.services.archives.arranging import Arranged, Limits, Placed, Volume, arrange
from fireinvest.services.archives.documents import (
    ARRANGEMENTS,
    VOLUMES,
    Document,
    Form,
    archive_items,
    case_records,
    documents_of,
)
from fireinvest.services.archives.front import FRONT, Fronts, fronts_of
from fireinvest.services.archives.keeping import checklist, kept, missing_of
from fireinvest.services.casefile import CaseFile, case_file
from fireinvest.services.cases import load_case
from fireinvest.services.files import FileLost, open_attachment, readable_size
from fireinvest.services.issuing import agency_name, government_name
from fireinvest.services.jobs import Job, JobKind, JobRun, Result, words_of, written_words
from fireinvest.services.notices import calendar_in_force
from fireinvest.services.records import file_in
from fireinvest.store import Session
from fireinvest.store.archives import PageCount, page_counts, save_page_count
from fireinvest.store.cases import find_case
from fireinvest.store.conflicts import changing
from fireinvest.workflow.actions import Attachment
from fireinvest.workflow.items.archive import BoundVolume
from fireinvest.workflow.permissions import Actor, acting_tiers, may_see
from fireinvest.workflow.registers import Filing, Record, may_write, register_of

__all__ = ["BINDING", "BIND_VOLUMES", "Archive", "issuer_names", "open_archive"]

#: The code under which the job is asked for.
BIND_VOLUMES = "bind_volumes"

_PIECE = 1024**2
#: Pages of our own that are printed at a time, and Word files that are laid out at a time.
_PAGES, _PAPERS = 12, 6
#: Of so many volumes covers, catalogues and notes are laid out at a time.
_FRONTS = 4
#: Where a package has the files of a case, for those that can't be printed.
_IN_PACKAGE = "电子档案包 data/originals/{where}（按校验值在索引中查找）"


# ---------------------------------------------------------------------------- what there is


@dataclass(frozen=True)
class Archive:
    """The file of a case as the archive sees it: its registers, documents, and their places."""

    file: CaseFile
    records: Mapping[str, Sequence[Record]]
    documents: Sequence[Document]
    counts: Mapping[str, PageCount]
    arranged: Arranged

    def bound(self, volume: Volume) -> Record | None:
        """Return a volume as it was bound last, None where it never was."""
        return next(
            (
                each
                for each in self.records.get(VOLUMES, ())
                if isinstance(each.values, BoundVolume)
                and each.values.number == volume.number
                and each.restriction == volume.restriction
            ),
            None,
        )

    def is_current(self, volume: Volume) -> bool:
        """Was it bound in just this order, of just these files?"""
        record = self.bound(volume)
        return (
            record is not None
            and isinstance(record.values, BoundVolume)
            and record.values.made_of == volume.fingerprint
        )


def open_archive(session: Session, file: CaseFile, law: Law, limits: Limits) -> Archive:
    """Return the file of a case as whoever sees the case may read it, by a few statements."""
    records = case_records(session, file)
    found = documents_of(file, records, issuer_names(session, file, law))
    counts = page_counts(session, {each.attachment.sha256 for each in found})
    items = [each.id for each in archive_items(file)]
    pages = {sha256: each.pages for sha256, each in counts.items()}
    arranged = arrange(found, items, records.get(ARRANGEMENTS, ()), pages, limits)
    return Archive(file, records, found, counts, arranged)


def issuer_names(session: Session, file: CaseFile, law: Law) -> Callable[[Issuer], Words]:
    """Return how those are called who issue papers in a case."""
    agency = agency_name(session, file, law, acting_tiers(file.case), file.today)
    government = government_name(file, law, file.case.investigating) or ""
    unit = str(file.loaded.row["unit_name"])
    names: Mapping[Issuer, Words] = {
        Issuer.AGENCY: agency,
        Issuer.GOVERNMENT: government,
        Issuer.TEAM: f"{unit}火灾事故调查组",
        Issuer.EVALUATION: f"{unit}火灾事故整改评估组",
    }
    return lambda issuer: names[issuer]


# ---------------------------------------------------------------------------- the job


def _bind_volumes(run: JobRun) -> Result:
    return _Binding(run).result()


def _may_take(session: Session, _law: Law, actor: Actor, job: Job, _today: object) -> bool:
    """Its volumes are files of the case: they are taken from there, by those who may see them."""
    row = None if job.case_id is None else find_case(session, job.case_id)
    if row is None:
        return False
    loaded = load_case(session, row.id)
    return not loaded.is_disposed and may_see(actor, loaded.case, loaded.ref.number)


#: Binding, as it stands in the list of all kinds of long work.
BINDING = JobKind(Text("Binding the volumes of a file"), _bind_volumes, _may_take)


class _Binding:
    """One run of the job."""

    def __init__(self, run: JobRun) -> None:
        self._run = run
        self._folder = run.folder()
        self._done, self._total = 0, 1
        self._laid_out: set[str] = set()
        settings = run.settings
        self._limits = Limits(settings.archive_volume_pages, settings.archive_volume_bytes)

    def result(self) -> Result:
        archive = self._open()
        if not archive.documents:
            raise Faulty([Problem("", Text("There is nothing to bind yet."))])
        self._total = 3 * len(archive.documents)
        self._count(archive)
        # With all pages counted, everything has its place.
        archive = self._open()
        if not all(map(self._is_ready, archive.arranged.placed)):
            text = Text("The file was changed while it was bound; bind the volumes again.")
            raise Faulty([Problem("", text)])
        self._total = (
            self._done + len(list(archive.arranged.placed)) + len(archive.arranged.volumes)
        )
        filings = list(self._volumes(archive))
        words = Text("%(count)s volumes were bound.", count=len(archive.arranged.volumes))
        return Result(words, closing=partial(self._close, archive, filings))

    def _is_ready(self, placed: Placed) -> bool:
        if placed.document.form is not Form.WORD:
            return placed.pages is not None
        sha256 = placed.document.attachment.sha256
        return sha256 in self._laid_out

    def _open(self) -> Archive:
        run = self._run
        law = run.law()
        calendar = calendar_in_force(run.database)
        with run.database.readers.begin() as session:
            actor = run.actor(session)
            row = find_case(session, run.job.case_id or 0)
            number = "" if row is None else row.number
            file = case_file(session, actor, number, calendar, run.today, law=law)
            register = register_of(file.case, VOLUMES)
            if register is None or not may_write(actor, file.case, number, register):
                text = Text("You can't bind the volumes of this case any more.")
                raise Faulty([Problem("", text)])
            return open_archive(session, file, law, self._limits)

    def _tell(self, stage: Words, more: int = 0) -> None:
        self._done += more
        self._run.progress(self._done, max(self._total, self._done, 1), stage)

    # ------------------------------------------------------------------ counting

    def _count(self, archive: Archive) -> None:
        """Count what isn't counted yet; what Word wrote is laid out anew each time."""
        papers: dict[str, Document] = {}
        for each in archive.documents:
            sha256 = each.attachment.sha256
            self._tell(Text("Reading %(name)s", name=each.attachment.name), 1)
            self._proved(each)
            if each.form is Form.WORD:
                papers[sha256] = each
            elif each.form is not Form.OTHER and sha256 not in archive.counts:
                counting = count_pages if each.form is Form.PDF else count_pictures
                self._save(sha256, counting, partial(_near, self._blobs, sha256, self._folder))
        listed = list(papers.values())
        for start in range(0, len(listed), _PAPERS):
            part = listed[start : start + _PAPERS]
            self._tell(Text("Laying out %(name)s", name=part[0].attachment.name), len(part))
            self._lay_out(part)

    def _proved(self, document: Document) -> None:
        """Read all of a file: what isn't what it was when it came goes into no volume."""
        digest, size = hashlib.sha256(), 0
        with open_attachment(self._blobs, document.attachment) as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                if size % (64 * _PIECE) < _PIECE:
                    self._tell(Text("Reading %(name)s", name=document.attachment.name))
        wanted = document.attachment
        if (digest.hexdigest(), size) != (wanted.sha256, wanted.size):
            raise FileLost(wanted.name)

    def _lay_out(self, documents: Sequence[Document]) -> None:
        written = []
        for each in documents:
            with open_attachment(self._blobs, each.attachment) as stream:
                written.append(stream.read())
        for each, pdf in zip(documents, self._printed(written), strict=True):
            self._laid_out.add(each.attachment.sha256)
            path = self._word(each.attachment.sha256)
            if isinstance(pdf, bytes):
                path.write_bytes(pdf)
                self._save(each.attachment.sha256, count_pages, _opener(path))
            else:
                self._keep_count(each.attachment.sha256, PageCount(0, written_words(pdf)))

    def _printed(self, documents: Sequence[bytes]) -> list[bytes | Words]:
        """Lay out some files; one that can't be doesn't keep the others from it."""
        try:
            return [*pdfs_of(documents)]
        except NotPrinted as fault:
            if len(documents) == 1:
                return [fault.text]
            return [one for each in documents for one in self._printed([each])]

    def _save(
        self, sha256: str, counting: Callable[[BinaryIO], int], opened: Callable[[], BinaryIO]
    ) -> None:
        try:
            with opened() as stream:
                found = PageCount(counting(stream))
        except Unbindable as fault:
            found = PageCount(0, written_words(fault.text))
        self._keep_count(sha256, found)

    def _keep_count(self, sha256: str, count: PageCount) -> None:
        with changing(self._run.database) as session:
            save_page_count(session, sha256, count)

    # ------------------------------------------------------------------ binding

    def _volumes(self, archive: Archive) -> Iterator[Filing]:
        all_fronts = self._fronts(archive)
        printed = self._printed_fronts(all_fronts)
        for volume, fronts, pdfs in zip(archive.arranged.volumes, all_fronts, printed, strict=True):
            record = archive.bound(volume)
            bound = self._bound(archive, volume, fronts, pdfs)
            days = sorted(each.document.on for each in volume.documents)
            values = BoundVolume(
                number=volume.number,
                title=fronts.title,
                documents=len(volume.documents),
                pages=volume.pages,
                first_on=days[0] if days else None,
                last_on=days[-1] if days else None,
                made_of=volume.fingerprint,
            )
            yield Filing(
                VOLUMES,
                values,
                record.item if record is not None else None,
                record.version if record is not None else None,
                acting_for=self._run.job.acting_for,
                attachments=(bound,),
                restriction=volume.restriction,
            )
        yield from self._gone(archive)

    def _gone(self, archive: Archive) -> Iterator[Filing]:
        """Volumes that were bound once and of which nothing is left count no more."""
        current = {(each.restriction, each.number) for each in archive.arranged.volumes}
        for record in archive.records.get(VOLUMES, ()):
            values = record.values
            if (
                isinstance(values, BoundVolume)
                and (record.restriction, values.number) not in current
            ):
                yield Filing(
                    VOLUMES, values, record.item, record.version, "重新组卷",
                    self._run.job.acting_for, record.attachments, record.restriction,
                    is_withdrawn=True,
                )  # fmt: skip

    def _fronts(self, archive: Archive) -> list[Fronts]:
        lines = checklist(archive.file, archive.documents)
        missing = [render(each, "zh") for each in missing_of(lines)]
        on_paper = [
            render(each.item.label, "zh")
            for each in lines
            if each.entry is not None and not each.is_there
        ]
        with self._run.database.readers.begin() as session:
            return list(
                fronts_of(
                    session, self._blobs, archive.file, self._run.law(), archive.arranged,
                    kept(archive.file, archive.records), missing, on_paper,
                )
            )  # fmt: skip

    def _printed_fronts(self, fronts: Sequence[Fronts]) -> Iterator[Sequence[bytes]]:
        """Yield cover, catalogue and note of each volume as PDFs; of some volumes at a time."""
        for start in range(0, len(fronts), _FRONTS):
            part = fronts[start : start + _FRONTS]
            self._tell(Text("Laying out %(name)s", name=part[0].title))
            files = [one for each in part for one in (each.cover, each.catalogue, each.note)]
            try:
                pdfs = pdfs_of(files)
            except NotPrinted as fault:
                raise Faulty([Problem("", fault.text)]) from fault
            for place in range(len(part)):
                yield pdfs[place * len(FRONT) : (place + 1) * len(FRONT)]

    def _bound(
        self, archive: Archive, volume: Volume, fronts: Fronts, pdfs: Sequence[bytes]
    ) -> Attachment:
        title = Text("Binding volume %(number)s", number=volume.number)
        self._tell(title, 1)
        cover, catalogue, note = pdfs
        folder = self._folder / f"{volume.restriction or 'open'}-{volume.number}"
        folder.mkdir()
        before = (self._own(folder, "cover", cover), self._own(folder, "catalogue", catalogue))
        after = (self._own(folder, "note", note),)

        def parts() -> Iterator[Part]:
            yield from before
            yield from self._parts(archive, volume, folder, title)
            yield from after

        path = folder / "volume.pdf"
        count = bind(parts(), path, told=lambda _place: self._tell(title))
        if count != volume.pages:
            text = Text("A file has another number of pages than before; bind the volumes again.")
            raise Faulty([Problem("", text)])
        name = f"{archive.file.ref.number} {fronts.title}.pdf"
        with path.open("rb") as stream:
            blob = self._run.keep(name, "application/pdf", stream)
        for each in folder.iterdir():
            each.unlink()
        return Attachment(name, "application/pdf", blob.sha256, blob.size)

    def _own(self, folder: Path, name: str, pdf: bytes) -> Part:
        path = folder / f"{name}.pdf"
        path.write_bytes(pdf)
        return Part(_opener(path), is_numbered=False)

    def _parts(
        self, archive: Archive, volume: Volume, folder: Path, title: Words
    ) -> Iterator[Part]:
        """Yield the documents of a volume as parts; pictures and sheets some at a time."""
        own: list[PicturePage | Sheet] = []
        printed = 0

        def print_own() -> Iterator[Part]:
            nonlocal printed
            if own:
                printed += 1
                path = folder / f"pages-{printed}.pdf"
                path.write_bytes(pages_of(own))
                own.clear()
                yield Part(_opener(path))

        for placed in volume.documents:
            document = placed.document
            sha256 = document.attachment.sha256
            self._tell(title, 1)
            count = archive.counts.get(sha256)
            why = words_of(count.why) if count is not None else None
            if document.form is Form.OTHER or (count is not None and count.pages == 0):
                own.append(_sheet(document, why))
            elif document.form is Form.PICTURE:
                for place, page in enumerate(self._pictures(document), 1):
                    own.append(_picture(document, page, place, placed.pages or 1))
                    if len(own) >= _PAGES:
                        yield from print_own()
            else:
                yield from print_own()
                if document.form is Form.WORD:
                    yield Part(_opener(self._word(sha256)))
                else:
                    yield Part(partial(_near, self._blobs, sha256, folder))
            if len(own) >= _PAGES:
                yield from print_own()
        yield from print_own()

    def _pictures(self, document: Document) -> Iterator[bytes]:
        with open_attachment(self._blobs, document.attachment) as stream:
            yield from pictures(stream)

    def _word(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.pdf"

    @property
    def _blobs(self) -> Blobs:
        return self._run.blobs

    # ------------------------------------------------------------------ the end

    def _close(self, archive: Archive, filings: Sequence[Filing], session: Session) -> str | None:
        """File the volumes, in the commit by which the job is done."""
        run = self._run
        loaded = load_case(session, archive.file.ref.id, lock=True)
        file_in(
            session, loaded, run.actor(session), filings,
            idempotency_key=f"job-{run.job.id}", now=run.now, today=run.today,
        )  # fmt: skip
        return f"archive/{archive.file.ref.number}"


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _near(blobs: Blobs, sha256: str, folder: Path) -> BinaryIO:
    """Open a file whose content was proved just now, on this machine's disk.

    Its pages are read in any order, which takes for ever from a store that is far away.
    """
    stream = blobs.open(sha256)
    try:
        stream.fileno()
    except OSError:
        with stream:
            copy = TemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
            copyfileobj(stream, copy, _PIECE)
        copy.seek(0)
        return cast("BinaryIO", copy)
    return stream


def _picture(document: Document, page: bytes, place: int, count: int) -> PicturePage:
    title = render(document.title, "zh")
    part = f"（{place}/{count}）" if count > 1 else ""
    detail = f"{document.on.isoformat()}　{document.attachment.name}"
    return PicturePage(page, f"{title}{part}", detail, document.attachment.sha256)


def _sheet(document: Document, why: Words | None) -> Sheet:
    attachment = document.attachment
    reason = "本文件不能打印装订，原件随电子档案包保存。"
    if why is not None:
        reason = f"{render(why, 'zh')}原件随电子档案包保存。"
    where = document.key.partition(":")[0].replace("_", "-").replace("entry", "journal")
    rows = (
        ("题名", render(document.title, "zh")),
        ("文件名", attachment.name),
        ("形成日期", document.on.isoformat()),
        ("大小", f"{readable_size(attachment.size)}（{attachment.size}字节）"),
        ("SHA-256", attachment.sha256),
        ("存放位置", _IN_PACKAGE.format(where=where)),
    )
    return Sheet("电子文件登记页", reason, rows)
