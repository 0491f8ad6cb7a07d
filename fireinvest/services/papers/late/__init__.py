"""Papers of the later stages: report, reply, execution, evaluation, archive."""

from fireinvest.services.papers.base import Content, Contents
from fireinvest.services.papers.late import (
    archive,
    clocks,
    deliveries,
    evaluations,
    publication,
    replies,
    report,
    supervision,
    transfers,
)

__all__ = ["CONTENTS"]

#: How each of these kinds is made, by its id in the profile.
CONTENTS: Contents = {
    "investigation_report": Content(report.ReportFields, report.report_fields),
    "report_submission": Content(replies.SubmissionFields, replies.submission_fields),
    "reply": Content(replies.ReplyFields, replies.reply_fields),
    "report_return": Content(replies.ReturnFields, replies.return_fields),
    "delivery_receipt": Content(deliveries.ReceiptFields, deliveries.receipt_fields),
    "copy_receipt": Content(deliveries.ReceiptFields, deliveries.receipt_fields),
    "reply_to_discipline": Content(deliveries.NoticeFields, deliveries.to_discipline),
    "reply_to_procuratorate": Content(deliveries.NoticeFields, deliveries.to_procuratorate),
    "reply_to_court": Content(deliveries.NoticeFields, deliveries.to_court),
    "copies_notice": Content(deliveries.CopiesFields, deliveries.copies_fields),
    "transfer_letter": Content(
        transfers.TransferFields, transfers.transfer_fields, transfers.is_for_authority
    ),
    "criminal_referral": Content(
        transfers.TransferFields, transfers.criminal_fields, transfers.is_criminal
    ),
    "discipline_lead": Content(transfers.TransferFields, transfers.discipline_fields),
    "public_version": Content(publication.PublicFields, publication.public_fields),
    "result_announcement": Content(publication.ResultFields, publication.result_fields),
    "evaluation_plan": Content(evaluations.PlanFields, evaluations.plan_fields),
    "evaluation_report": Content(evaluations.EvaluationFields, evaluations.evaluation_fields),
    "supervision_order": Content(supervision.SupervisionFields, supervision.supervision_fields),
    "supervision_lifting": Content(supervision.LiftingFields, supervision.lifting_fields),
    "delay_notice": Content(supervision.DelayFields, supervision.delay_fields),
    "circular": Content(supervision.CircularFields, supervision.circular_fields),
    "urging_slip": Content(clocks.SlipFields, clocks.blank_slip_fields),
    "supervision_slip": Content(clocks.SlipFields, clocks.blank_slip_fields),
    "clock_certificate": Content(clocks.CertificateFields, clocks.certificate_fields),
    "file_cover": Content(archive.CoverFields, archive.blank_cover_fields),
    "file_catalogue": Content(archive.CatalogueFields, archive.blank_catalogue_fields),
    "file_note": Content(archive.NoteFields, archive.blank_note_fields),
}
