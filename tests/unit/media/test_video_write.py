"""What a written video keeps exactly, what it leaves out, and what is refused by name."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type as SideDataType
from made_videos import Clip, ground, pictures, presentation_times, walking_head

from faceguard.errors import DecodeError, EncodeError, UnsupportedMediaError
from faceguard.media.video_codecs import EncodeSettings, VideoCodec
from faceguard.media.video_info import TrackKind
from faceguard.media.video_read import Damage, PictureDecoder, VideoReader, probe_video
from faceguard.media.video_write import VideoWriter, check_written


def copy_video(
    source: Path, target: Path, *, codec: VideoCodec = VideoCodec.AUTO, damage: Damage = Damage.REFUSE
) -> int:
    """Reads and writes every picture and copies the rest; how many packets were damaged."""
    info = probe_video(source)
    copied = [t for t in info.tracks if t.kind in (TrackKind.AUDIO, TrackKind.SUBTITLE)]
    with (
        VideoReader(source, info, damage) as reader,
        VideoWriter(target, target, reader, EncodeSettings(codec), copied) as writer,
    ):
        decoders = {track.index: PictureDecoder(reader, track) for track in info.videos}
        for packet in reader.packets((*decoders, *(t.index for t in copied))):
            if packet.stream_index in decoders:
                for picture in decoders[packet.stream_index].decode(packet):
                    writer.write_picture(picture)
            else:
                writer.write_packet(packet)
        for decoder in decoders.values():
            for picture in decoder.flush():
                writer.write_picture(picture)
        writer.finish()
        check_written(target, target, list(writer.written_counts.values()))
        return reader.damaged_count


@pytest.fixture
def images() -> list[np.ndarray]:
    return walking_head(24, 160, 120, 48)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts", ".avi"])
def test_frame_count_size_and_times_are_kept_in_every_container(suffix: str, images: list, tmp_path: Path) -> None:
    source = Clip(images, rate=Fraction(30000, 1001), time_base=Fraction(1001, 30000)).write(tmp_path / f"in{suffix}")

    copy_video(source, tmp_path / f"out{suffix}")

    before, after = presentation_times(source), presentation_times(tmp_path / f"out{suffix}")
    assert len(after) == 24
    away = [abs((b - before[0]) - (a - after[0])) for a, b in zip(after, before, strict=True)]
    assert max(away) <= Fraction(1, 1000)
    assert pictures(tmp_path / f"out{suffix}")[0].shape == (120, 160, 3)


def test_a_variable_frame_rate_stays_variable_to_the_tick(images: list, tmp_path: Path) -> None:
    pts = np.cumsum([512, 512, 1536, 512, 3072, 512] * 4).tolist()
    source = Clip(images, pts=pts).write(tmp_path / "in.mp4")

    copy_video(source, tmp_path / "out.mp4")

    before, after = presentation_times(source), presentation_times(tmp_path / "out.mp4")
    assert [a - after[0] for a in after] == [b - before[0] for b in before]


def test_rotation_pixel_aspect_and_colour_tags_are_kept(images: list, tmp_path: Path) -> None:
    def setup(stream: av.VideoStream) -> None:
        stream.set_display_rotation(90)
        context = stream.codec_context
        context.sample_aspect_ratio = Fraction(4, 3)
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, 18, 9, 1

    source = Clip(images, setup=setup).write(tmp_path / "in.mp4")

    copy_video(source, tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        picture = next(container.decode(stream))
        assert picture.rotation == 90
        assert stream.sample_aspect_ratio == Fraction(4, 3)
        tags = (picture.color_primaries, picture.color_trc, int(picture.colorspace), int(picture.color_range))
        assert tags == (9, 18, 9, 1)


def test_ten_bits_stay_ten_bits_as_hevc(images: list, tmp_path: Path) -> None:
    source = Clip(images, codec="libx265", pix_fmt="yuv420p10le", options={"x265-params": "log-level=error"})
    source.write(tmp_path / "in.mp4")

    copy_video(tmp_path / "in.mp4", tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("hevc", "yuv420p10le")


def test_hdr_mastering_metadata_is_kept(images: list, tmp_path: Path) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    parameters = f"log-level=error:master-display={display}:max-cll=1000,400"
    source = Clip(images, codec="libx265", pix_fmt="yuv420p10le", options={"x265-params": parameters})
    source.write(tmp_path / "in.mp4")

    copy_video(tmp_path / "in.mp4", tmp_path / "out.mp4")

    def metadata(path: Path) -> tuple[bytes, bytes]:
        with av.open(str(path)) as container:
            found = next(container.decode(video=0)).side_data
            return (
                bytes(found[SideDataType.MASTERING_DISPLAY_METADATA]),
                bytes(found[SideDataType.CONTENT_LIGHT_LEVEL])[:8],
            )

    assert metadata(tmp_path / "out.mp4") == metadata(tmp_path / "in.mp4")


def test_what_vp9_cannot_keep_is_refused_by_name(images: list, tmp_path: Path) -> None:
    source = Clip(images, codec="libx265", pix_fmt="yuv420p10le", options={"x265-params": "log-level=error"})
    source.write(tmp_path / "in.mp4")

    with pytest.raises(UnsupportedMediaError, match=r"vp9.*yuv420p10le"):
        copy_video(tmp_path / "in.mp4", tmp_path / "out.mkv", codec=VideoCodec.VP9)


def test_rotation_is_refused_where_the_container_cannot_hold_it(images: list, tmp_path: Path) -> None:
    source = Clip(images, setup=lambda stream: stream.set_display_rotation(90)).write(tmp_path / "in.mp4")

    with pytest.raises(UnsupportedMediaError, match="rotation"):
        copy_video(source, tmp_path / "out.ts")


def test_an_unknown_suffix_is_refused_by_name(images: list, tmp_path: Path) -> None:
    source = Clip(images).write(tmp_path / "in.mp4")

    with pytest.raises(UnsupportedMediaError, match=r"out\.xyz"):
        copy_video(source, tmp_path / "out.xyz")


def test_audio_is_copied_packet_by_packet(images: list, tmp_path: Path) -> None:
    source = Clip(images, audio_s=0.8).write(tmp_path / "in.mp4")

    copy_video(source, tmp_path / "out.mp4")

    def packets(path: Path) -> list[tuple[Fraction, bytes]]:
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            return [(p.pts * stream.time_base, bytes(p)) for p in container.demux(stream) if p.size]

    assert packets(tmp_path / "out.mp4") == packets(source)
    assert len(packets(source)) > 10


def test_place_title_and_device_are_left_out(images: list, tmp_path: Path) -> None:
    tags = {"title": "Taro", "location": "+35.6800+139.7600/", "comment": "class 3b"}
    source = Clip(images, metadata=tags).write(tmp_path / "in.mp4")
    with av.open(str(source)) as container:
        assert container.metadata["title"] == "Taro"

    copy_video(source, tmp_path / "out.mp4")

    data = (tmp_path / "out.mp4").read_bytes()
    assert all(value.encode() not in data for value in tags.values())


def test_a_cover_picture_is_no_video_track_and_is_left_out(images: list, tmp_path: Path) -> None:
    source = tmp_path / "in.mp4"
    with av.open(str(source), "w") as out:
        film = out.add_stream("libx264", rate=30)
        film.width, film.height, film.pix_fmt = 160, 120, "yuv420p"
        cover = out.add_stream("mjpeg", rate=30)
        cover.width, cover.height, cover.pix_fmt = 160, 120, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        for image in images:
            out.mux(film.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(film.encode(None))
        out.mux(cover.encode(av.VideoFrame.from_ndarray(images[0], format="bgr24").reformat(format="yuvj420p")))
        out.mux(cover.encode(None))
    assert [t.kind for t in probe_video(source).tracks] == [TrackKind.VIDEO, TrackKind.OTHER]

    copy_video(source, tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [s.type for s in container.streams] == ["video"]


def test_a_late_start_begins_at_zero_and_keeps_its_length(images: list, tmp_path: Path) -> None:
    pts = [900_000 + 3000 * i for i in range(24)]
    source = Clip(images, time_base=Fraction(1, 90_000), pts=pts).write(tmp_path / "in.ts")

    copy_video(source, tmp_path / "out.mp4")

    after = presentation_times(tmp_path / "out.mp4")
    assert after[0] == 0
    assert after[-1] == Fraction(23, 30)


def test_a_cut_file_is_a_decode_error_and_tolerated_only_on_request(images: list, tmp_path: Path) -> None:
    whole = Clip(images * 3, container_options={"movflags": "+faststart"})
    data = whole.write(tmp_path / "whole.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 6 // 10])

    with pytest.raises(DecodeError, match="broken or cut"):
        copy_video(cut, tmp_path / "out.mp4")

    assert copy_video(cut, tmp_path / "part.mp4", damage=Damage.TOLERATE) > 0
    assert 0 < len(pictures(tmp_path / "part.mp4")) < 72


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 not a film", b"\0" * 4096])
def test_what_is_no_video_is_a_decode_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "in.mp4"
    path.write_bytes(content)

    with pytest.raises((DecodeError, UnsupportedMediaError)):
        probe_video(path)


def test_a_picture_under_a_videos_name_is_refused_by_name(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(ground(64, 48)).save(tmp_path / "in.mp4", format="JPEG")

    with pytest.raises(UnsupportedMediaError, match="picture"):
        probe_video(tmp_path / "in.mp4")


def test_a_change_of_size_is_refused_by_name(tmp_path: Path) -> None:
    for number, size in enumerate([(160, 120), (80, 64)]):
        Clip([ground(*size, seed=i) for i in range(10)]).write(tmp_path / f"{number}.ts")
    joined = tmp_path / "in.ts"
    joined.write_bytes((tmp_path / "0.ts").read_bytes() + (tmp_path / "1.ts").read_bytes())

    with pytest.raises(UnsupportedMediaError, match=r"160x120.*80x64"):
        copy_video(joined, tmp_path / "out.ts")


def test_interlaced_pictures_stay_interlaced(tmp_path: Path) -> None:
    scene = [ground(160, 128, seed=i) for i in range(8)]
    options = {"preset": "ultrafast", "x264-params": "tff=1"}
    source = Clip(scene, options=options).write(tmp_path / "in.mp4")
    assert probe_video(source).videos[0].interlaced

    copy_video(source, tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as container:
        assert all(picture.interlaced_frame for picture in container.decode(video=0))


def test_an_existing_folder_that_cannot_be_written_is_an_encode_error(images: list, tmp_path: Path) -> None:
    source = Clip(images).write(tmp_path / "in.mp4")

    with pytest.raises(EncodeError, match="out"):
        copy_video(source, tmp_path / "missing" / "out.mp4")
