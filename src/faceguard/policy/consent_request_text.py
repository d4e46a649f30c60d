"""A request for consent as a letter in Japanese or English: to print or send, with a part to read to the child."""

from __future__ import annotations

from collections.abc import Iterator

from faceguard.policy.consent_request import ConsentRequest
from faceguard.policy.policy_terms import Locale

CHILD_WORDS = {
    Locale.EN: "We take pictures and videos here. We cover your face so that nobody sees it. We would like to leave "
    "your face uncovered in some of them, and we ask the grown-up who looks after you. You may ask us what we do "
    "with the pictures. If you don't want it, tell us or your grown-up: then we cover your face. Nobody will be cross.",
    Locale.JA: "ここでは しゃしんや どうがを とります。あなたの かおは みえないように かくします。"
    "いくつかの しゃしんでは かおを かくさないで よいか、おうちの ひとに ききます。"
    "しゃしんを なにに つかうのか、いつでも きいて いいです。いやな ときは、わたしたちか おうちの ひとに "
    "いってください。そうしたら かおを かくします。だれも おこりません。",
}
"""For a child, in plain words; the notice's own words for children come after them."""

_WORDS = {
    Locale.EN: {
        "title": "REQUEST FOR CONSENT", "number": "Request number", "asks": "Who asks", "contact": "Contact",
        "by": "Asked by (person or desk)", "subject": "About (the operator's key)", "of": "Asked of",
        "notice": "Notice to read first", "purpose": "May the face be left visible for this?",
        "data": "What is handled", "kept": "Kept for", "release": "Would third parties get the pictures?",
        "yes": "Yes, to: ", "third": "third parties", "no": "No", "scope": "Which pictures", "files": "{} named files",
        "period": "From - until", "rights": "Rights", "withdraw": "To withdraw at any time", "answer": "HOW TO ANSWER",
        "free": "You are free to say no, to all or to part of it. Nothing is lost by it: the face is covered, as it is "
        "for everybody who has not agreed. No answer means no. Answer by {date}; after that this request is void.",
        "who": "If you agree, whoever looks after the child signs; the operator checks who you are before it counts. "
        "You are given a receipt, and can end your consent at any time, without a reason.",
        "box": "[ ] I agree    [ ] I do not agree    Name, relationship to the child, date, signature: ____________",
        "own": "You are given a receipt, and can end your consent at any time, without a reason.",
        "own_box": "[ ] I agree    [ ] I do not agree    Name, date, signature: ____________",
        "child": "FOR THE CHILD", "told": "[ ] I have read this to the child, or the child has read it.",
    },
    Locale.JA: {
        "title": "同意のお願い", "number": "依頼番号", "asks": "お願いする事業者", "contact": "連絡先",
        "by": "依頼の担当", "subject": "対象の方(事業者の管理キー)", "of": "お答えいただく方",
        "notice": "先にお読みいただく通知", "purpose": "次の目的で顔を隠さずに使ってよいですか",
        "data": "取り扱うデータ", "kept": "保存期間", "release": "第三者への提供",
        "yes": "あり:", "third": "第三者", "no": "なし", "scope": "対象の写真・映像",
        "files": "指定されたファイル {} 件",
        "period": "期間", "rights": "権利", "withdraw": "同意の撤回方法", "answer": "お答えの方法",
        "free": "同意するかどうかは自由で、一部だけの同意もできます。同意しなくても不利益はなく、"
        "同意のない方と同じく顔を塗りつぶします。お答えがない場合は、同意がないものとします。"
        "期限は {date} です。期限を過ぎるとこの依頼は無効になります。",
        "who": "同意される場合は、お子さまの保護者の方が署名してください。事業者がご本人を確認した後に有効になります。"
        "控えをお渡しします。同意は、理由を問わず、いつでも撤回できます。",
        "box": "[ ] 同意します    [ ] 同意しません    氏名・お子さまとの続柄・日付・署名: ____________",
        "own": "控えをお渡しします。同意は、理由を問わず、いつでも撤回できます。",
        "own_box": "[ ] 同意します    [ ] 同意しません    氏名・日付・署名: ____________",
        "child": "おこさまへ", "told": "[ ] 上の文を子どもに読み聞かせました。または子どもが自分で読みました。",
    },
}  # fmt: skip


def request_text(request: ConsentRequest, language: Locale) -> str:
    """The letter. The notice's own words stay in the language in which the request was made."""
    words = _WORDS[language]
    due = request.answer_by.strftime("%Y-%m-%d")
    of_guardian = request.asked_of != request.subject_id
    lines = [
        *(words["title"], ""),
        *(f"  {name}: {value}" for name, value in _rows(request, words)),
        *("", words["answer"], "", f"  {words['free'].format(date=due)}"),
        f"  {words['who' if of_guardian else 'own']}",
        f"  {words['box' if of_guardian else 'own_box']}",
    ]
    if of_guardian:
        child = [CHILD_WORDS[language], *([request.child_words] if request.child_words else [])]
        lines += ["", words["child"], "", *(f"  {said}" for said in child), f"  {words['told']}"]
    return "\n".join(lines) + "\n"


def _rows(request: ConsentRequest, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    scope = request.scope
    yield words["number"], request.request_id
    for controller in request.controllers:
        yield words["asks"], f"{controller.name}, {controller.address}"
        yield words["contact"], controller.contact
    yield words["by"], request.requested_by
    yield words["subject"], request.subject_id
    yield words["of"], request.asked_of
    yield words["notice"], f"{request.notice.id} {request.notice.version} (SHA-256 {request.notice.sha256[:16]}...)"
    for process in request.processes:
        named = f"{process.purpose_text} ({process.purpose})" if process.purpose_text else process.purpose
        yield words["purpose"], named
        yield words["data"], ", ".join(process.data_types)
        yield words["kept"], process.retention
        to = words["yes"] + (", ".join(process.recipients) or words["third"])
        yield words["release"], to if process.third_party_disclosure else words["no"]
        yield words["withdraw"], process.withdrawal_method
    files = words["files"].format(len(scope.asset_sha256)) if scope.asset_sha256 else None
    yield words["scope"], ", ".join(part for part in (scope.event, scope.collection, scope.place, files) if part)
    yield words["period"], f"{scope.valid_from:%Y-%m-%d} - {scope.valid_to:%Y-%m-%d}"
